package link

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// Journal is memory of both ends in which one of them, the writer, notes what it is at and puts down what it has done so far.
// The other one, the reader, can look at any time, also when the writer has died and after its own Close of the link, and finds
// all that was noted before. It must check what it finds. The writer may not note anything after its Close.
type Journal struct {
	mu   sync.Mutex // of the reader, against the end of the mapping
	at   *atomic.Uint64
	page []byte
}

const (
	journalHead = 64
	// JournalPage is the size of a page in bytes.
	JournalPage = 64 << 10
	journalSize = journalHead + JournalPage
)

func newJournal(mem []byte) *Journal {
	return &Journal{at: shm.Word64(mem), page: mem[journalHead:journalSize:journalSize]}
}

// Note notes a number, for the writer. What it has written to the page before can be read by whoever sees the number.
func (j *Journal) Note(at uint64) { j.at.Store(at) }

// Noted is what Note was told last, for the writer.
func (j *Journal) Noted() uint64 { return j.at.Load() }

// Page is the page, for the writer.
func (j *Journal) Page() []byte { return j.page }

// At is the number that was noted last, for the reader.
func (j *Journal) At() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.at.Load()
}

// Copy returns the number and the page as they are now, for the reader.
func (j *Journal) Copy() (at uint64, page []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at = j.at.Load()
	return at, bytes.Clone(j.page)
}

// keep makes the journal outlive its memory.
func (j *Journal) keep() {
	j.mu.Lock()
	defer j.mu.Unlock()
	at := new(atomic.Uint64)
	at.Store(j.at.Load())
	j.at, j.page = at, bytes.Clone(j.page)
}
