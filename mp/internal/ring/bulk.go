package ring

import (
	"encoding/binary"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// This file is for readers that take many records at a time, and that are woken by a message instead of a bell. Their records
// have a tag, which means nothing to the ring.

const tagShift = 32

// WriteTagged is Write for a reader that uses Peek.
func (w *Writer) WriteTagged(tag uint32, body []byte) (ok bool, err error) {
	return w.write(tag, nil, body)
}

// Fits reports whether there is room for a record of n bytes now. The only error is ErrCorrupt, for good.
func (w *Writer) Fits(n int) (bool, error) {
	need, capacity := size(n), uint64(len(w.data))
	if at := w.written & (capacity - 1); at+need > capacity {
		need += capacity - at
	}
	return w.has(need), w.err
}

// Unread is how many bytes of the ring the reader has not given back yet. It reads the reader's count.
func (w *Writer) Unread() uint64 {
	w.has(uint64(len(w.data)) + 1)
	return w.written - w.freed
}

// Look notes which records there are now, for Peek.
func (r *Reader) Look() { r.more() }

// Peek returns the records that Look has seen, as they lie in the ring, up to the end of its data; the rest come once these are
// given back. The writer could still change them, so the caller copies them before Split. The only error is ErrCorrupt, for good.
func (r *Reader) Peek() (records []byte, err error) {
	capacity := uint64(len(r.data))
	for r.at != r.limit {
		at, left := r.at&(capacity-1), r.limit-r.at
		if shm.Word64(r.data[at:]).Load() != skip {
			end := min(at+left, capacity)
			return r.data[at:end:end], nil
		}
		if capacity-at >= left {
			r.err, r.limit = ErrCorrupt, r.at
			break
		}
		r.at += capacity - at
	}
	return nil, r.err
}

// Advance gives back the room of the first n bytes of what Peek returned. They must be whole records.
func (r *Reader) Advance(n int) {
	r.at += min(uint64(n), r.limit-r.at)
	r.head.Swap(r.at)
}

// RequestWake makes the writer's TakeWake report true after the next record. It reports false if there are already records that
// Look has not seen.
func (r *Reader) RequestWake() bool {
	if r.asleep.Load() == 0 {
		r.asleep.Swap(1)
	}
	return r.tail.Load() == r.limit
}

// Split finds the first record in what Peek returned: its tag, the length n of its body, and how many bytes it takes in the ring.
// ok is false when no record is left. A body longer than most is ErrCorrupt.
func Split(records []byte, most int) (tag uint32, n, taken int, ok bool, err error) {
	if len(records) < word {
		return 0, 0, 0, false, nil
	}
	w := binary.NativeEndian.Uint64(records)
	if w == skip {
		return 0, 0, 0, false, nil
	}
	length := w & (1<<tagShift - 1)
	if length > uint64(most) || size(int(length)) > uint64(len(records)) {
		return 0, 0, 0, false, ErrCorrupt
	}
	return uint32(w >> tagShift), int(length), int(size(int(length))), true, nil
}
