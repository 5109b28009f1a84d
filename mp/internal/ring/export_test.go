package ring

import "github.com/go-multiprocessing/multiprocessing/mp/internal/shm"

// Cut is where WriteHalf stops.
type Cut int

// How much of a record WriteHalf writes: no more than the skip word, which only a record that begins at the front needs; also the
// length; also half of the body; or all of it.
const (
	CutSkip Cut = iota
	CutLength
	CutBody
	CutTail
)

// WriteHalf leaves what Write leaves when its process is killed in the middle of it: part of a record, and no new tail. The
// caller has waited for room.
func (w *Writer) WriteHalf(body []byte, cut Cut) {
	at := w.written & uint64(len(w.data)-1)
	if at+size(len(body)) > uint64(len(w.data)) {
		shm.Word64(w.data[at:]).Store(skip)
		at = 0
	}
	if cut >= CutLength {
		shm.Word64(w.data[at:]).Store(uint64(len(body)))
	}
	switch cut {
	case CutBody:
		copy(w.data[at+word:], body[:len(body)/2])
	case CutTail:
		copy(w.data[at+word:], body)
	}
}

// Unread is how much the writer has published that the reader has not given back.
func (r *Reader) Unread() uint64 { return r.tail.Load() - r.at }

// Yield is yield, and Lost its debt.
var (
	Yield = yield
	Lost  = &lost
)
