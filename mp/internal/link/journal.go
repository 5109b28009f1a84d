package link

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// Journal is shared memory in which one end of a link, the writer, notes its progress through numbered items: the current item,
// the limit up to which it may begin items, and a page about what it has done so far. The other end, the reader, can look at
// any time, also when the writer has died and after the reader's own Close of the link. It finds everything noted before, and
// must check what it finds. The writer must not note anything after its own Close.
//
// The current item and the limit are in one word, the gate, which both ends change by compare-and-swap. So an item is either
// begun by the writer or taken back by the reader, and both know which:
//
//	 63     32       31        30      0
//	+---------+---------+-------------+
//	|   at    | resting |    limit    |    numbers modulo 2³¹
//	+---------+---------+-------------+
type Journal struct {
	mu   sync.Mutex // keeps the memory mapped while the reader looks
	gate *atomic.Uint64
	page []byte
}

const (
	journalHead = 64
	// JournalPage is the size of a page in bytes.
	JournalPage = 64 << 10
	journalSize = journalHead + JournalPage
)

// gate is a value of the gate.
type gate uint64

const (
	numberBits = 31
	numberMask = 1<<numberBits - 1
	resting    = 1 << numberBits
	atShift    = numberBits + 1
	// mostTries bounds the reader's attempts to change the gate, as a hostile writer may change it all the time.
	mostTries = 1000
)

func (g gate) with(at uint64) gate     { return gate(at&numberMask)<<atShift | g&numberMask }
func (g gate) limited(to uint64) gate  { return g&^numberMask | gate(to&numberMask) }
func (g gate) allows(id uint64) bool   { return before(id, uint64(g)) }
func (g gate) at(near uint64) uint64   { return near + distance(near, uint64(g>>atShift)) }
func (g gate) hasBegun(id uint64) bool { return !before(uint64(g>>atShift), id) }

// distance is b − a, which may be negative, computed from both numbers modulo 2³¹.
func distance(a, b uint64) uint64 { return uint64(int64((b-a)<<(64-numberBits)) >> (64 - numberBits)) }

// before reports whether a comes before b.
func before(a, b uint64) bool { return int64(distance(a, b)) > 0 }

func newJournal(mem []byte) *Journal {
	return &Journal{gate: shm.Word64(mem), page: mem[journalHead:journalSize:journalSize]}
}

// Begin notes that the writer is now at item id. If the item was taken back or never allowed, Begin returns false and changes
// nothing. A reader that sees the number also sees what the writer wrote to the page before.
func (j *Journal) Begin(id uint64) bool {
	for {
		g := gate(j.gate.Load())
		if !g.allows(id) {
			return false
		}
		if j.gate.CompareAndSwap(uint64(g), uint64(g.with(id))) {
			return true
		}
	}
}

// Rest notes that the writer works on no item.
func (j *Journal) Rest() { j.gate.Or(resting) }

// At is the item of the last Begin; near is any number less than 2³⁰ away from it. working is false when the writer rests.
// Either end may call it, but the writer not after its Close.
func (j *Journal) At(near uint64) (at uint64, working bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	g := gate(j.gate.Load())
	return g.at(near), g&resting == 0
}

// Allow lets the writer begin items below limit. It is for the reader. A writer that changes the gate all the time may prevent
// this, and then stops at an item that it could have begun.
func (j *Journal) Allow(limit uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for range mostTries {
		g := gate(j.gate.Load())
		if j.gate.CompareAndSwap(uint64(g), uint64(g.limited(limit))) {
			return
		}
	}
}

// TakeBack takes back the items from this one on. It is for the reader. If the writer has begun the item, or changes the gate
// all the time, TakeBack returns false and changes nothing.
func (j *Journal) TakeBack(from uint64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for range mostTries {
		g := gate(j.gate.Load())
		if g.hasBegun(from) {
			return false
		}
		if j.gate.CompareAndSwap(uint64(g), uint64(g.limited(from))) {
			return true
		}
	}
	return false
}

// Page is the page, for the writer.
func (j *Journal) Page() []byte { return j.page }

// Copy returns what At does, and a copy of the page. It is for the reader. While the writer works, the page may be changing: the
// copy has everything done before the current item if At is still the same afterwards.
func (j *Journal) Copy(near uint64) (at uint64, working bool, page []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	g := gate(j.gate.Load())
	return g.at(near), g&resting == 0, bytes.Clone(j.page)
}

// keep copies the journal out of the shared memory, which is about to be unmapped.
func (j *Journal) keep() {
	j.mu.Lock()
	defer j.mu.Unlock()
	g := new(atomic.Uint64)
	g.Store(j.gate.Load())
	j.gate, j.page = g, bytes.Clone(j.page)
}
