package ring

import (
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// Reader is the reading end of a ring. One goroutine at a time may use it; End may be called from any.
type Reader struct {
	shared
	bell Bell // our own
	room Bell // of the writer

	at    uint64 // our own head
	limit uint64 // the writer's tail as we have last seen it
	open  uint64 // what the record that Next has returned takes
	err   error

	spin   Spin
	filled func() bool
	ready  func(fd uintptr) bool
	over   atomic.Bool
}

// NewReader is the reading end of the ring in mem. bell wakes its reader, room its writer.
func NewReader(mem []byte, bell, room Bell) *Reader { return NewReaderAt(mem, bell, room, 0) }

// NewReaderAt goes on reading where another Reader of the same ring was, by its At.
func NewReaderAt(mem []byte, bell, room Bell, at uint64) *Reader {
	at &^= word - 1
	r := &Reader{shared: lay(mem), bell: bell, room: room, at: at, limit: at}
	r.filled, r.ready = r.Filled, r.sleepUnlessFilled
	return r
}

// At is how far it has read: the record that Next has returned is ahead until Done.
func (r *Reader) At() uint64 { return r.at }

// Next returns the next record; ok is false when there is none, for which it does not wait. It lies in the ring, where the writer
// could change it still, until Done. The only error is ErrCorrupt, for good.
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
			r.err, r.limit, r.open = ErrCorrupt, r.at, 0 // for good
			return nil, false, r.err
		}
		r.open = size(int(n))
		return r.data[at+word : at+word+n : at+word+n], true, nil
	}
}

// more looks whether the writer has written more.
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

// Done gives the room of the record that Next has returned back to the writer.
func (r *Reader) Done() {
	r.at += r.open
	r.open = 0
	r.head.Swap(r.at)
	if r.wanting.Load() != 0 && r.wanting.Swap(0) != 0 {
		r.room.Ring()
	}
}

// Await waits until there is a record, or End. It looks for a little while before it sleeps, if look and if that pays. It
// returns os.ErrClosed when the bell is closed.
func (r *Reader) Await(look bool) error {
	if look && r.Soon() {
		return nil
	}
	return r.bell.Wait(r.ready)
}

// Soon looks for a little while whether there is a record, or End, if that pays.
func (r *Reader) Soon() bool { return r.spin.until(r.filled) }

// Filled reports whether Await would return at once.
func (r *Reader) Filled() bool {
	return r.at != r.limit || r.more() || r.err != nil || r.over.Load()
}

func (r *Reader) sleepUnlessFilled(uintptr) bool { return r.Doze(Asleep) }

// Doze says to the writer that it shall wake us, and how: Asleep or Beside. When it returns true, it has not: Filled is true.
func (r *Reader) Doze(how uint32) bool {
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

// Rouse takes back what Doze has said.
func (r *Reader) Rouse() { r.asleep.Swap(0) }

// End ends an Await, then and later: the peer is gone, or the link is closed. Records that are there can still be read.
func (r *Reader) End() {
	r.over.Store(true)
	r.bell.Ring()
}
