package ring

import (
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// Reader is the reading end of a ring. One goroutine at a time may use it; End may be called from any.
type Reader struct {
	shared
	bell Bell // wakes this reader
	room Bell // wakes the writer

	at    uint64 // the reader's own copy of head
	limit uint64 // the writer's tail, as last seen
	open  uint64 // how many bytes the record that Next returned takes
	err   error

	spin   Spin
	filled func() bool
	ready  func(fd uintptr) bool
	over   atomic.Bool
}

// NewReader makes the reading end of the ring in mem. bell wakes the ring's reader, room its writer.
func NewReader(mem []byte, bell, room Bell) *Reader { return NewReaderAt(mem, bell, room, 0) }

// NewReaderAt is NewReader that continues where another Reader of the same ring stopped; at is its At.
func NewReaderAt(mem []byte, bell, room Bell, at uint64) *Reader {
	at &^= word - 1
	r := &Reader{shared: lay(mem), bell: bell, room: room, at: at, limit: at}
	r.filled, r.ready = r.Filled, r.sleepUnlessFilled
	return r
}

// At is how far the reader has read. The record that Next returned does not count before Done.
func (r *Reader) At() uint64 { return r.at }

// Next returns the next record; ok is false when there is none. It does not wait. The record lies in the ring until Done, and the
// writer could still change it there. The only error is ErrCorrupt, for good.
func (r *Reader) Next() (record []byte, ok bool, err error) {
	if r.at == r.limit && !r.more() {
		return nil, false, r.err
	}
	capacity := uint64(len(r.data))
	for {
		at, left := r.at&(capacity-1), r.limit-r.at
		n := shm.Word64(r.data[at:]).Load()
		if n == skip && capacity-at < left {
			r.at += capacity - at
			continue
		}
		if n > uint64(Most(len(r.data))) || size(int(n)) > left || at+size(int(n)) > capacity {
			r.err, r.limit, r.open = ErrCorrupt, r.at, 0
			return nil, false, r.err
		}
		r.open = size(int(n))
		return r.data[at+word : at+word+n : at+word+n], true, nil
	}
}

// more reads the writer's tail, and reports whether there is a record.
func (r *Reader) more() bool {
	if r.err != nil {
		return false
	}
	tail := r.tail.Load()
	if tail-r.at > uint64(len(r.data)) || tail%word != 0 {
		r.err = ErrCorrupt
		return false
	}
	r.limit = tail
	return tail != r.at
}

// Done gives the room of the record that Next returned back to the writer.
func (r *Reader) Done() {
	r.at += r.open
	r.open = 0
	r.head.Swap(r.at)
	if r.wanting.Load() != 0 && r.wanting.Swap(0) != 0 {
		r.room.Ring()
	}
}

// Await waits until there is a record, or End. If look is true and it pays, it spins for a while before it sleeps. It returns
// os.ErrClosed when the bell is closed.
func (r *Reader) Await(look bool) error {
	if look && r.SpinForRecord() {
		return nil
	}
	return r.bell.Wait(r.ready)
}

// SpinForRecord reports whether there is a record, or End, within a short spin. It does not spin if that does not pay.
func (r *Reader) SpinForRecord() bool { return r.spin.until(r.filled) }

// Filled reports whether Await would return at once.
func (r *Reader) Filled() bool {
	return r.at != r.limit || r.more() || r.err != nil || r.over.Load()
}

func (r *Reader) sleepUnlessFilled(uintptr) bool { return r.AnnounceSleep(Asleep) }

// AnnounceSleep tells the writer that the reader is about to sleep, and how to wake it: Asleep or Beside. If Filled is true, it
// announces nothing and returns true.
func (r *Reader) AnnounceSleep(how uint32) bool {
	if r.Filled() {
		return true
	}
	r.asleep.Swap(how)
	if !r.Filled() {
		return false
	}
	r.asleep.Store(0)
	return true
}

// CancelSleep undoes AnnounceSleep: the reader is awake.
func (r *Reader) CancelSleep() { r.asleep.Swap(0) }

// End ends every Await, now and later: the peer is gone, or the link is closed. Records in the ring can still be read.
func (r *Reader) End() {
	r.over.Store(true)
	r.bell.Ring()
}
