package link

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// Journal is memory of both ends through which one of them, the writer, works through numbered items: what it is at, how far it
// may go, and a page for what it has done so far. The other one, the reader, can look at any time, also when the writer has died
// and after its own Close of the link, and finds all that was noted before. It must check what it finds. The writer may not note
// anything after its Close.
//
// What the writer is at and how far it may go is one word, the gate, which both change by compare-and-swap. So an item is either
// begun by the writer or taken back by the reader, and both know which:
//
//	 63     32       31        30      0
//	+---------+---------+-------------+
//	|   at    | resting |    limit    |    numbers modulo 2³¹
//	+---------+---------+-------------+
type Journal struct {
	mu   sync.Mutex // of the reader, against the end of the mapping
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
	// mostTries bounds how often the reader tries to change the gate against a writer that changes it all the time.
	mostTries = 1000
)

func (g gate) with(at uint64) gate     { return gate(at&numberMask)<<atShift | g&numberMask }
func (g gate) limited(to uint64) gate  { return g&^numberMask | gate(to&numberMask) }
func (g gate) allows(id uint64) bool   { return before(id, uint64(g)) }
func (g gate) at(near uint64) uint64   { return near + distance(near, uint64(g>>atShift)) }
func (g gate) hasBegun(id uint64) bool { return !before(uint64(g>>atShift), id) }

// distance is how far b is from a, which may be behind it, from what both are modulo 2³¹.
func distance(a, b uint64) uint64 { return uint64(int64((b-a)<<(64-numberBits)) >> (64 - numberBits)) }

// before reports whether a comes before b.
func before(a, b uint64) bool { return int64(distance(a, b)) > 0 }

func newJournal(mem []byte) *Journal {
	return &Journal{gate: shm.Word64(mem), page: mem[journalHead:journalSize:journalSize]}
}

// Begin notes that the writer is at item id from now on, unless that was taken back, or was never allowed: then it returns false,
// and nothing has changed. What the writer has written to the page before can be read by whoever sees the number.
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

// Rest notes that the writer is at nothing.
func (j *Journal) Rest() { j.gate.Or(resting) }

// At is the item that Begin was told last, of which near is not 2³⁰ away; working is false when the writer rests. It is for
// either end, but for the writer not after its Close.
func (j *Journal) At(near uint64) (at uint64, working bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	g := gate(j.gate.Load())
	return g.at(near), g&resting == 0
}

// Allow lets the writer begin items below limit; it is for the reader. A writer that changes the gate all the time may prevent it:
// it then stops at an item that it could have begun.
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

// TakeBack takes back the items from this one on, for the reader. It returns false, and nothing has changed, if the writer has
// begun it, or changes the gate all the time.
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

// Copy returns what At does, and the page as it was then, for the reader. While the writer works, the page may be changing: what
// was done before the item at work is there if At is still the same afterwards.
func (j *Journal) Copy(near uint64) (at uint64, working bool, page []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	g := gate(j.gate.Load())
	return g.at(near), g&resting == 0, bytes.Clone(j.page)
}

// keep makes the journal outlive its memory.
func (j *Journal) keep() {
	j.mu.Lock()
	defer j.mu.Unlock()
	g := new(atomic.Uint64)
	g.Store(j.gate.Load())
	j.gate, j.page = g, bytes.Clone(j.page)
}
