package wire

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// decoder reads one message. Its methods check every length before they act on
// it, and every code before msgpack, which is lenient (nil is a 0 to it), sees it.
type decoder struct {
	msg       *msgpack.Decoder // reads from in
	in        reader
	depth     int
	unclaimed int  // bytes of the message that no list or map has claimed yet
	lent      bool // user code has seen msg and may have kept it

	resolve func(Ref) ([]byte, error) // see DecodeShared; may be nil
}

var decoders = sync.Pool{New: func() any {
	d := new(decoder)
	d.msg = msgpack.NewDecoder(&d.in)
	return d
}}

func newDecoder(data []byte, files []*os.File) *decoder {
	d := decoders.Get().(*decoder)
	d.in = reader{window: window{data: data}, files: files}
	d.depth, d.unclaimed = 0, len(data)
	return d
}

func (d *decoder) release() {
	d.in = reader{}
	d.resolve = nil
	if !d.lent {
		decoders.Put(d)
	}
}

func (d *decoder) enter() error {
	if d.depth++; d.depth > maxDepth {
		return errTooDeep
	}
	return nil
}

func (d *decoder) leave() { d.depth-- }

// bad describes a value of the wrong sort.
func bad(code byte, want string) error {
	return fmt.Errorf("found code 0x%02x instead of %s", code, want)
}

// ended gives the end of the data one name: msgpack returns either EOF.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// code returns the code of the next value, as PeekCode does, without three calls
// through interfaces.
func (d *decoder) code() (byte, error) {
	if d.in.left() == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return d.in.data[d.in.off], nil
}

// null reports whether the next value is nil, and then reads it.
func (d *decoder) null() (bool, error) {
	c, err := d.code()
	if err != nil || c != msgpcode.Nil {
		return false, err
	}
	d.in.off++
	return true, nil
}

// tooLong is the error for n elements of at least least bytes each.
func (d *decoder) tooLong(n uint32, least int) error {
	left := d.in.left()
	if uint64(n) > uint64(left) {
		return fmt.Errorf("length %d exceeds the %d bytes that are left", n, left)
	}
	return fmt.Errorf("length %d needs at least %d bytes and %d are left", n, uint64(n)*uint64(least), left)
}

// length checks a length as msgpack returned it: on 32-bit machines it has
// wrapped around if it was above 2 GiB.
func (d *decoder) length(n int, err error, least int) (int, error) {
	if err != nil {
		return 0, ended(err)
	}
	if uint64(uint32(n))*uint64(least) > uint64(d.in.left()) {
		return 0, d.tooLong(uint32(n), least)
	}
	return n, nil
}

// list reads the header of an array whose elements take at least least bytes.
func (d *decoder) list(least int) (int, error) {
	c, err := d.code()
	if err != nil {
		return 0, err
	}
	if !(c >= msgpcode.FixedArrayLow && c <= msgpcode.FixedArrayHigh || c == msgpcode.Array16 || c == msgpcode.Array32) {
		return 0, bad(c, "an array")
	}
	n, err := d.msg.DecodeArrayLen()
	if n, err = d.length(n, err, least); err != nil {
		return 0, err
	}
	return n, d.claim(n)
}

// claim takes a byte of the message for each of n values that a list or a map is to have: its first one. What is nested cannot claim it
// once more.
func (d *decoder) claim(n int) error {
	if d.unclaimed -= n; d.unclaimed < 0 {
		return fmt.Errorf("length %d, and those before it, are more than the message has bytes", n)
	}
	return nil
}

// exactly reads the header of an array of n elements.
func (d *decoder) exactly(n int, what string) error {
	got, err := d.list(1)
	if err == nil && got != n {
		err = fmt.Errorf("found %d %s instead of %d", got, what, n)
	}
	return err
}

// dict reads the header of a map whose entries take at least least bytes.
func (d *decoder) dict(least int) (int, error) {
	c, err := d.code()
	if err != nil {
		return 0, err
	}
	if !(msgpcode.IsFixedMap(c) || c == msgpcode.Map16 || c == msgpcode.Map32) {
		return 0, bad(c, "a map")
	}
	n, err := d.msg.DecodeMapLen()
	if n, err = d.length(n, err, least); err != nil {
		return 0, err
	}
	return n, d.claim(2 * n)
}

// bytes reads a bin. The result is part of the message.
func (d *decoder) bytes() ([]byte, error) {
	c, err := d.code()
	if err != nil {
		return nil, err
	}
	if !msgpcode.IsBin(c) {
		return nil, bad(c, "bytes")
	}
	n, err := d.msg.DecodeBytesLen()
	if n, err = d.length(n, err, 1); err != nil {
		return nil, err
	}
	return d.in.next(n), nil
}

func (d *decoder) text() (string, error) {
	c, err := d.code()
	if err != nil {
		return "", err
	}
	if !msgpcode.IsString(c) {
		return "", bad(c, "a string")
	}
	n, err := d.msg.DecodeBytesLen()
	if n, err = d.length(n, err, 1); err != nil {
		return "", err
	}
	return string(d.in.next(n)), nil
}

func (d *decoder) int() (int64, error) {
	c, err := d.code()
	if err != nil {
		return 0, err
	}
	switch {
	case msgpcode.IsFixedNum(c), c >= msgpcode.Uint8 && c <= msgpcode.Uint32, c >= msgpcode.Int8 && c <= msgpcode.Int64:
		n, err := d.msg.DecodeInt64()
		return n, ended(err)
	case c == msgpcode.Uint64:
		n, err := d.msg.DecodeUint64()
		if err == nil && n > math.MaxInt64 {
			return 0, fmt.Errorf("%d does not fit in int64", n)
		}
		return int64(n), ended(err)
	}
	return 0, bad(c, "an integer")
}

func (d *decoder) uint() (uint64, error) {
	c, err := d.code()
	if err != nil {
		return 0, err
	}
	if c > msgpcode.PosFixedNumHigh && (c < msgpcode.Uint8 || c > msgpcode.Uint64) {
		return 0, bad(c, "an unsigned integer")
	}
	n, err := d.msg.DecodeUint64()
	return n, ended(err)
}

// pad reads the zeros that follow if fewer than least bytes were read since start.
func (d *decoder) pad(start, least int) error {
	short := least - (d.in.off - start)
	if short <= 0 {
		return nil
	}
	if short > d.in.left() {
		return io.ErrUnexpectedEOF
	}
	for _, c := range d.in.next(short) {
		if c != 0 {
			return errors.New("padding is not zero")
		}
	}
	return nil
}
