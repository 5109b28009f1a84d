package dataloader

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

// slab is memory in which a worker makes one batch after the other: segments that the parent maps, too. It has one, unless a
// batch was larger than those before.
type slab struct {
	segments []*sharedmem.SharedMemory
	retired  bool // the parent gives them up with the batch that lies in them
}

// slabs are those of a worker. The parent lends the worker one with each order, see loans.
type slabs struct {
	all  []slab
	most int // bytes that the largest batch took
}

func newSlabs(n int) *slabs { return &slabs{all: make([]slab, n)} }

// slabNews is what a reply tells the parent of the slab that was lent with the order.
type slabNews struct {
	Fresh  []*sharedmem.SharedMemory // new segments, after those that it has
	Retire bool                      // none of them is used again after this batch
}

// begin returns the memory for the batch of an order. The one before must have ended.
func (s *slabs) begin(i int) *arena {
	l := &s.all[i]
	if l.retired {
		l.close()
	}
	a := &arena{of: s, slab: l, known: len(l.segments)}
	if len(l.segments) > 0 {
		a.free = l.segments[0].Bytes()
	}
	return a
}

// close gives up the memory of all slabs.
func (s *slabs) close() {
	for i := range s.all {
		s.all[i].close()
	}
}

func (l *slab) close() {
	for _, m := range l.segments {
		m.Close()
	}
	*l = slab{}
}

// cacheLine is where allocations begin at multiples of, so that no two goroutines write to the same line.
const cacheLine = 64

// leastPlaced is how many bytes a slice has that is copied into the slab rather than into the message.
const leastPlaced = 4 << 10

// arena is the memory of one batch while it is being made: a slab that is filled from the front.
type arena struct {
	mu     sync.Mutex
	of     *slabs
	slab   *slab // nil once the batch is made
	known  int   // segments that the parent has
	free   []byte
	used   int    // bytes, in all segments
	placed []span // what the message refers to, in order
}

// alloc returns n bytes, which are not cleared, or nil: there is no memory, or the batch is made. n is at least 1.
func (a *arena) alloc(n int) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.take(n)
}

func (a *arena) take(n int) []byte {
	if a.slab == nil || n > len(a.free) && !a.grow(n) {
		return nil
	}
	p := a.free[:n:n]
	n = min(roundUp(n, cacheLine), len(a.free))
	a.free = a.free[n:]
	a.used += n
	return p
}

// grow makes a segment with room for n bytes. It doubles the slab at least, so that segments are few.
func (a *arena) grow(n int) bool {
	n = max(n, a.used, a.of.most-a.used)
	if n > math.MaxInt/2 {
		return false
	}
	m, err := sharedmem.New(roundUp(n+n/8, 1<<16)) // batches differ somewhat in size
	if err != nil {
		return false
	}
	a.slab.segments = append(a.slab.segments, m)
	a.free = m.Bytes()
	return true
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// place is [wire.Buffer.Place]: it says where in the slab the memory of a slice is. A large one that is elsewhere is copied
// there. No two slices arrive as one, so what the message refers to already is copied as well.
func (a *arena) place(p []byte) (wire.Ref, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.slab == nil {
		return wire.Ref{}, false
	}
	where, ok := a.find(p)
	if ok = ok && a.claim(where); !ok && len(p) >= leastPlaced {
		if room := a.take(len(p)); room != nil {
			copy(room, p)
			where, _ = a.find(room)
			ok = a.claim(where)
		}
	}
	return wire.Ref{Segment: uint32(where.segment), Offset: uint64(where.from), Length: uint32(len(p))}, ok
}

func (a *arena) find(p []byte) (span, bool) {
	for i, m := range a.slab.segments {
		if from, ok := offsetIn(m.Bytes(), p); ok {
			return span{i, from, from + len(p)}, true
		}
	}
	return span{}, false
}

// claim notes that the message refers to a part of the slab, unless it has referred to some of it before.
func (a *arena) claim(s span) bool {
	i, _ := slices.BinarySearchFunc(a.placed, s, span.compare)
	if i > 0 && a.placed[i-1].meets(s) || i < len(a.placed) && a.placed[i].meets(s) {
		return false
	}
	a.placed = slices.Insert(a.placed, i, s)
	return true
}

// end says what the parent has to know of the slab. From now on alloc and place have nothing.
func (a *arena) end() slabNews {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.slab
	a.slab, a.free = nil, nil
	a.of.most = max(a.of.most, a.used)
	l.retired = len(l.segments) > 1 // the next batch gets one segment that is large enough
	return slabNews{l.segments[a.known:], l.retired}
}

// span is a part of a slab that a slice lies in.
type span struct{ segment, from, to int }

func (s span) compare(o span) int { return cmp.Or(s.segment-o.segment, s.from-o.from) }

func (s span) meets(o span) bool { return s.segment == o.segment && s.from < o.to && o.from < s.to }
