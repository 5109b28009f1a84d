package ring

import (
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// Writer is the writing end of a ring. One goroutine at a time may use it; End may be called from any.
type Writer struct {
	shared
	bell   Bell // wakes the reader
	beside Bell // wakes a reader that sleeps Beside
	room   Bell // wakes this writer

	written uint64 // the writer's own copy of tail
	freed   uint64 // the reader's head, as last seen
	err     error

	need   uint64 // what AwaitRoom waits for
	spin   Spin
	enough func() bool
	ready  func(fd uintptr) bool
	over   atomic.Bool
}

// NewWriter makes the writing end of the ring in mem. bell wakes the ring's reader, room its writer.
func NewWriter(mem []byte, bell, room Bell) *Writer { return NewWriterAt(mem, bell, room, 0) }

// NewWriterAt is NewWriter that continues where another Writer of the same ring stopped; at is its At.
func NewWriterAt(mem []byte, bell, room Bell, at uint64) *Writer {
	at &^= word - 1
	w := &Writer{shared: lay(mem), bell: bell, room: room, written: at}
	w.freed = at - uint64(len(w.data)) // no room is known before head was read
	w.enough = func() bool { return w.has(w.need) || w.err != nil || w.over.Load() }
	w.ready = w.roomOrOver
	return w
}

// At is how far the writer has written.
func (w *Writer) At() uint64 { return w.written }

// Write adds a record that consists of head and body, of at most Most bytes together, and reports whether there was room for it.
// It does not wait. The reader can see the record at once; Wake wakes the reader. The only error is ErrCorrupt, for good.
func (w *Writer) Write(head, body []byte) (ok bool, err error) { return w.write(0, head, body) }

func (w *Writer) write(tag uint32, head, body []byte) (ok bool, err error) {
	n := len(head) + len(body)
	capacity := uint64(len(w.data))
	at := w.written & (capacity - 1)
	need := size(n)
	if at+need > capacity {
		need += capacity - at
	}
	if !w.has(need) {
		return false, w.err
	}
	if need != size(n) {
		shm.Word64(w.data[at:]).Store(skip)
		at = 0
	}
	shm.Word64(w.data[at:]).Store(uint64(tag)<<tagShift | uint64(n))
	copy(w.data[at+word:], head)
	copy(w.data[at+word+uint64(len(head)):], body)
	w.written += need
	w.tail.Swap(w.written)
	return true, nil
}

// SetBeside sets the bell for a reader that sleeps Beside. Without it, Wake rings the ordinary bell.
func (w *Writer) SetBeside(bell Bell) { w.beside = bell }

// Wake wakes the reader if it sleeps.
func (w *Writer) Wake() {
	switch how := w.takeWake(); {
	case how == 0:
	case how == Beside && w.beside != nil:
		w.beside.Ring()
	default:
		w.bell.Ring()
	}
}

// TakeWake reports whether the reader wants to be woken, and clears its request: the caller must wake it.
func (w *Writer) TakeWake() bool { return w.takeWake() != 0 }

func (w *Writer) takeWake() uint32 {
	if w.asleep.Load() == 0 {
		return 0
	}
	return w.asleep.Swap(0)
}

// has reports whether there is room for need bytes.
func (w *Writer) has(need uint64) bool {
	if w.err != nil {
		return false
	}
	capacity := uint64(len(w.data))
	if capacity-(w.written-w.freed) >= need {
		return true
	}
	head := w.head.Load()
	if head-w.freed > w.written-w.freed || head%word != 0 {
		w.err = ErrCorrupt
		return false
	}
	w.freed = head
	return capacity-(w.written-w.freed) >= need
}

// AwaitRoom waits until there is room for a record of n bytes, or Write would return an error, or End. If look is true and it
// pays, it spins for a while before it sleeps. It returns os.ErrClosed when the bell is closed.
func (w *Writer) AwaitRoom(n int, look bool) error {
	w.Wake()                   // a sleeping reader makes no room
	w.need = size(n) + size(n) // the record may have to begin at the front
	if look && w.spin.until(w.enough) {
		return nil
	}
	return w.room.Wait(w.ready)
}

func (w *Writer) roomOrOver(uintptr) bool {
	if w.has(w.need) || w.err != nil || w.over.Load() {
		return true
	}
	w.wanting.Swap(1)
	if !w.has(w.need) && w.err == nil && !w.over.Load() {
		return false
	}
	w.wanting.Store(0)
	return true
}

// End ends every AwaitRoom, now and later: the peer is gone, or the link is closed.
func (w *Writer) End() {
	w.over.Store(true)
	w.room.Ring()
}
