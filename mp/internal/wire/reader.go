package wire

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
)

// reader is what our msgpack.Decoders read from. [Detach] recognizes them by it.
// It is an io.ByteScanner, so that msgpack puts no buffer of its own in front of
// it.
type reader struct {
	window
	files []*os.File
	taken []bool // by index; nil until the first file is taken
	used  int    // how many are taken
}

// window is the part of a message that can be read now.
type window struct {
	data  []byte
	off   int
	traps []int // see scan
}

func (r *reader) left() int { return len(r.data) - r.off }

// next returns the next n bytes, which the caller knows to be there.
func (r *reader) next(n int) []byte {
	p := r.data[r.off : r.off+n : r.off+n]
	r.off += n
	return p
}

func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if r.left() == 0 {
		return 0, io.EOF
	}
	if slices.Contains(r.traps, r.off) {
		return 0, errors.New("an ext value where a map should be")
	}
	n := copy(p, r.data[r.off:])
	r.off += n
	return n, nil
}

func (r *reader) ReadByte() (byte, error) {
	if r.left() == 0 {
		return 0, io.EOF
	}
	c := r.data[r.off]
	r.off++
	return c, nil
}

func (r *reader) UnreadByte() error {
	if r.off == 0 {
		return errors.New("nothing to unread")
	}
	r.off--
	return nil
}

// take returns the file of that index, once.
func (r *reader) take(i uint32) (*os.File, error) {
	if len(r.files) == 0 {
		return nil, fmt.Errorf("its files did not come with it: a process that received it had %w; see ulimit -n", syscall.EMFILE)
	}
	if uint64(i) >= uint64(len(r.files)) {
		return nil, fmt.Errorf("file %d is wanted, but %d came with the message", i, len(r.files))
	}
	if r.taken == nil {
		r.taken = make([]bool, len(r.files))
	}
	if r.taken[i] || r.files[i] == nil {
		return nil, fmt.Errorf("file %d has already been taken", i)
	}
	r.taken[i] = true
	r.used++
	return r.files[i], nil
}

// finish reports what is left over at the end of a message.
func (r *reader) finish() error {
	if n := r.left(); n > 0 {
		return fmt.Errorf("%d bytes are left over", n)
	}
	return allUsed(len(r.files), r.used)
}

// allUsed reports files that came with a message and do not belong to it.
func allUsed(came, used int) error {
	if used != came {
		return fmt.Errorf("%d files came with the message, but %d belong to it", came, used)
	}
	return nil
}
