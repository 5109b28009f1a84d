package shm

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"sync/atomic"
)

// ErrNotLent is returned for a slot that is not lent, or does not exist.
var ErrNotLent = errors.New("no such slot of shared memory is lent")

const (
	line = 64   // of the cache; each slot's word has a line of its own
	page = 4096 // slots begin at multiples of it; the system's pages may be larger
	// MostSlots bounds the slots of a slab, as Take checks each one that is lent.
	MostSlots = 1 << 12
)

// What the word of a slot says.
const (
	returned = 0 // or never lent
	lent     = 1
)

// Slab hands payloads that are too large for a ring from one process, the lender, to another one, the borrower, without
// copying them through the kernel:
//
//	  0        64             64·slots    header          header+stride
//	+--------+--------+-----+----------+---------------+---------------+-----+
//	| word 0 | word 1 |  …  | (unused) | slot 0        | slot 1        |  …  |
//	+--------+--------+-----+----------+---------------+---------------+-----+
//	  lent or returned                   size bytes, at the beginning of a page
//
//	       the lender                             the borrower
//	Take   word = lent, writes the slot
//	Hand   sends slot and length by the link  →   View   checks, reads the slot
//	       finds the word, may Take it again  ←   Return word = returned
//
// So the lender owns the slot from Take until it sends, and the borrower owns it from View to Return. The lender owns the word
// while it says returned, and the borrower while it says lent. The link orders the accesses to the slot on the way there, and the
// word, by sync/atomic, on the way back.
//
// The lender keeps in private memory which slots are out, and reads only their words. A borrower that writes nonsense there makes
// the lender write to a slot too early, or never again, which harms only the borrower. The lender never waits for slots: when all
// are out, the payload goes another way. Slots that a dead borrower had stay out until the slab is closed.
//
// The methods can be called concurrently.
type Slab struct {
	seg  *Segment
	size int // of a slot, without the padding
	at   layout

	mu     sync.Mutex
	closed bool

	free []int // the lender's; the last one came back last, so it has its pages and may still be in the cache
	out  []int // the lender's, in the order of Take

	held  []bool // by slot: for the lender between Take and Hand, for the borrower between View and Return
	holds int
}

// layout says where things are.
type layout struct{ slots, header, stride, total int }

// lay computes the layout of a slab, or says why there can be no such slab.
func lay(slots, size int) (layout, error) {
	if slots < 1 || slots > MostSlots || size < 1 {
		return layout{}, fmt.Errorf("a slab cannot have %d slots of %d bytes", slots, size)
	}
	up := func(n uint64) uint64 { return (n + page - 1) &^ (page - 1) }
	header, stride := up(uint64(slots)*line), up(uint64(size))
	if stride > (math.MaxInt-header)/uint64(slots) {
		return layout{}, fmt.Errorf("a slab cannot have %d slots of %d bytes", slots, size)
	}
	return layout{slots, int(header), int(stride), int(header + uint64(slots)*stride)}, nil
}

// NewSlab makes a slab of slots of size bytes each, for the lender. All slots are free. It fails as New does. Its File is for the
// borrower; CloseFile closes it once it is sent.
func NewSlab(slots, size int) (*Slab, error) {
	at, err := lay(slots, size)
	if err != nil {
		return nil, err
	}
	seg, err := New(at.total)
	if err != nil {
		return nil, err
	}
	s := newSlab(seg, at, size)
	for slot := range slots {
		s.free = append(s.free, slots-1-slot)
	}
	return s, nil
}

// OpenSlab maps, for the borrower, the slab that the lender made with the same arguments. f stays the caller's.
func OpenSlab(f *os.File, slots, size int) (*Slab, error) {
	at, err := lay(slots, size)
	if err != nil {
		return nil, err
	}
	seg, err := Open(f, at.total)
	if err != nil {
		return nil, err
	}
	return newSlab(seg, at, size), nil
}

func newSlab(seg *Segment, at layout, size int) *Slab {
	return &Slab{seg: seg, size: size, at: at, held: make([]bool, at.slots)}
}

func (s *Slab) word(slot int) *atomic.Uint32 { return Word32(s.seg.mem[slot*line:]) }

// slot is the first n bytes of a slot. Its capacity is n too, so that append does not write behind them.
func (s *Slab) slot(slot, n int) []byte {
	from := s.at.header + slot*s.at.stride
	return s.seg.mem[from : from+n : from+n]
}

// Take lends a slot and returns its number, for the borrower, and its memory. The lender writes the memory, calls Hand, and then
// sends the number. If it sends nothing after all, it calls Return. ok is false when all slots are out; Take never waits.
func (s *Slab) Take() (slot int, mem []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, nil, false
	}
	s.collect()
	if len(s.free) == 0 {
		return 0, nil, false
	}
	slot = s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	s.out = append(s.out, slot)
	s.word(slot).Store(lent)
	s.hold(slot)
	return slot, s.slot(slot, s.size), true
}

// Hand says that a taken slot is written. From now on the borrower owns it.
func (s *Slab) Hand(slot int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.let(slot)
}

// hold keeps the mapping until let. The caller holds s.mu, also for let.
func (s *Slab) hold(slot int) {
	if !s.held[slot] {
		s.held[slot] = true
		s.holds++
	}
}

func (s *Slab) let(slot int) {
	if s.held[slot] {
		s.held[slot] = false
		s.holds--
	}
	if s.closed && s.holds == 0 { // the mapping is not used any more
		s.seg.Close()
	}
}

// collect finds the slots that were returned.
func (s *Slab) collect() {
	still := s.out[:0]
	for _, slot := range s.out {
		if s.word(slot).Load() == returned {
			s.free = append(s.free, slot)
		} else {
			still = append(still, slot)
		}
	}
	s.out = still
}

// View is the first n bytes of a slot whose number the lender has sent. They are valid until Return, and the lender could still
// change them. Viewing a slot twice before Return is an error, since the first Return would end both views.
func (s *Slab) View(slot, n int) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, os.ErrClosed
	}
	if slot < 0 || slot >= s.at.slots || n < 0 || n > s.size || s.held[slot] || s.word(slot).Load() != lent {
		return nil, fmt.Errorf("%d bytes of slot %d: %w", n, slot, ErrNotLent)
	}
	s.hold(slot)
	return s.slot(slot, n), nil
}

// Return gives a slot back, held or not; its memory must not be touched any more. It does nothing to a slot that is not lent. A
// caller that returns a slot twice must be sure that the slot was not lent again in between.
func (s *Slab) Return(slot int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slot < 0 || slot >= s.at.slots || s.seg.mem == nil {
		return
	}
	s.word(slot).CompareAndSwap(lent, returned)
	s.let(slot)
}

// File is the file of the slab, for the borrower.
func (s *Slab) File() *os.File { return s.seg.File() }

// CloseFile closes the file; the mapping stays.
func (s *Slab) CloseFile() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seg.CloseFile()
}

// Close ends Take and View. The mapping stays until no slot is held any more, so that views can be read until Return, and taken
// slots written until Hand.
func (s *Slab) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.seg.CloseFile()
	if s.holds == 0 {
		s.seg.Close()
	}
}
