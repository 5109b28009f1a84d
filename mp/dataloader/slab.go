package dataloader

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

// slab is shared memory in which a worker makes one batch after the other: segments that the parent maps, too. It has one
// segment; a batch that is larger than those before adds others.
type slab struct {
	segments []*sharedmem.SharedMemory
	told     int  // how many of them the parent knows
	retired  bool // the segments are not used again: the parent closes them after the batch in them
}

// slabs are all slabs of a worker. With each order, the parent lends the worker one of them: see loans.
type slabs struct {
	all  []slab
	most int    // bytes that the largest batch took
	now  *arena // of the batch that is being made
}

func newSlabs(n int) *slabs { return &slabs{all: make([]slab, n)} }

// slabNews is what the reply to an order tells of the slab that was lent with it.
type slabNews struct {
	Slab   int
	Fresh  []*sharedmem.SharedMemory // new segments, after those that the parent has
	Retire bool                      // no segment of the slab is used again after this batch
}

// begin returns the memory for the batch of an order, in slab i. A batch that was not ended is given up.
func (s *slabs) begin(i int) *arena {
	if s.now != nil {
		s.now.stop()
	}
	l := &s.all[i]
	if l.retired {
		l.close()
	}
	s.now = &arena{of: s, index: i, slab: l}
	return s.now
}

// end ends the batch and returns what the parent has to know of its slab; the zero slabNews if there is no batch. The caller must
// send it, since it is not told again.
func (s *slabs) end() (news slabNews) {
	if a := s.now; a != nil {
		a.stop()
		l := &s.all[a.index]
		l.retired = len(l.segments) > 1 // the next batch gets one segment that is large enough
		news = slabNews{a.index, l.segments[l.told:], l.retired}
		l.told = len(l.segments)
		s.most = max(s.most, a.used)
		s.now = nil
	}
	return news
}

func (l *slab) close() {
	for _, m := range l.segments {
		m.Close()
	}
	*l = slab{}
}

// cacheLine is the alignment of allocations, so that goroutines with different ones do not write to the same line.
const cacheLine = 64

// leastPlaced is how many bytes a slice must have to be copied into the slab rather than into the message.
const leastPlaced = 4 << 10

// arena is the memory of one batch while it is being made: a slab that is filled from the front.
type arena struct {
	mu     sync.Mutex
	of     *slabs
	index  int    // of the slab
	slab   *slab  // nil once the batch is made
	placed []span // what the message refers to, sorted
	filled
}

// filled is how far an arena is filled.
type filled struct {
	begun int    // how many segments
	free  []byte // what is left of the last one of them
	used  int    // bytes, in all
}

// mark returns how far the arena is filled before an attempt, for rewind.
func (a *arena) mark() filled {
	if a == nil {
		return filled{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.filled
}

// rewind frees the memory of a failed attempt for the next one.
func (a *arena) rewind(to filled) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.slab != nil {
		a.filled, a.placed = to, nil
	}
}

// alloc returns n bytes, which are not cleared, or nil if there is no memory or the batch has ended. n is at least 1.
func (a *arena) alloc(n int) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.take(n)
}

func (a *arena) take(n int) []byte {
	if a.slab == nil || n > len(a.free) && !a.room(n) {
		return nil
	}
	p := a.free[:n:n]
	n = min(roundUp(n, cacheLine), len(a.free))
	a.free = a.free[n:]
	a.used += n
	return p
}

// room makes the arena go on in a segment that has room for n bytes; false: there is none.
func (a *arena) room(n int) bool {
	for a.begun < len(a.slab.segments) {
		a.free = a.slab.segments[a.begun].Bytes()
		if a.begun++; n <= len(a.free) {
			return true
		}
	}
	return a.grow(n)
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
	a.begun++
	a.free = m.Bytes()
	return true
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// place is [wire.Buffer.Place]: it tells where in the slab the memory of a slice is. A large slice that lies elsewhere is copied to
// the slab. So is one that overlaps what the message refers to already, since slices share no memory where they arrive.
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

// claim notes that the message refers to a part of the slab; false: it refers to some of that part already.
func (a *arena) claim(s span) bool {
	i, _ := slices.BinarySearchFunc(a.placed, s, span.compare)
	if i > 0 && a.placed[i-1].meets(s) || i < len(a.placed) && a.placed[i].meets(s) {
		return false
	}
	a.placed = slices.Insert(a.placed, i, s)
	return true
}

// stop ends the batch: alloc and place fail from now on.
func (a *arena) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.slab, a.free = nil, nil
}

// span is a part of a slab that a slice lies in.
type span struct{ segment, from, to int }

func (s span) compare(o span) int { return cmp.Or(s.segment-o.segment, s.from-o.from) }

func (s span) meets(o span) bool { return s.segment == o.segment && s.from < o.to && o.from < s.to }
