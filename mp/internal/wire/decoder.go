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
	unclaimed int  // bytes of the message that nothing has claimed yet, see claim
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

// ended turns an end of the data, for which msgpack returns either EOF, into
// io.ErrUnexpectedEOF.
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

// array reads the header of an array whose elements take at least least bytes.
func (d *decoder) array(least int) (int, error) {
	c, err := d.code()
	if err != nil {
		return 0, err
	}
	if !(c >= msgpcode.FixedArrayLow && c <= msgpcode.FixedArrayHigh || c == msgpcode.Array16 || c == msgpcode.Array32) {
		return 0, bad(c, "an array")
	}
	n, err := d.msg.DecodeArrayLen()
	return d.length(n, err, least)
}

// list is array for elements that are about to be allocated: it claims their bytes.
func (d *decoder) list(least int) (int, error) {
	n, err := d.array(least)
	if err != nil {
		return 0, err
	}
	return n, d.claim(n * least)
}

// claim takes n bytes of the message for values that are about to be allocated:
// as many bytes as the values take at least. Values inside them cannot claim
// these bytes again.
//
// No two claims are for the same byte, so a valid message always has enough. The
// least of a value counts its own header, and its contents only if they lie in
// the same memory: the fields of a struct, the elements of an array, the bin of
// an array of numbers. For a slice, a map, a pointer or an any, least counts only
// the first byte. The rest is claimed when it is decoded: all elements of a
// slice, the entries of a map with its padding, and the value behind a pointer.
// That value follows the header of its box; without a box it begins with the
// pointer's own byte, which has been claimed with the pointer.
//
// There is no claim for the outermost value, whose memory exists already, nor for
// what is allocated only after its bytes were read: bins, strings, and the
// contents of an any, an error or a codec's bin.
func (d *decoder) claim(n int) error {
	if d.unclaimed -= n; d.unclaimed < 0 {
		return fmt.Errorf("values of at least %d bytes, and those before them, are more than the message has", n)
	}
	return nil
}

// exactly reads the header of an array of n elements.
func (d *decoder) exactly(n int, what string) error {
	got, err := d.array(1)
	if err == nil && got != n {
		err = fmt.Errorf("found %d %s instead of %d", got, what, n)
	}
	return err
}

// dict reads the header of a map whose entries take at least least bytes each,
// and floor bytes together.
func (d *decoder) dict(least, floor int) (int, error) {
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
	if n == 0 {
		return 0, nil
	}
	if d.in.left() < floor {
		return 0, io.ErrUnexpectedEOF
	}
	return n, d.claim(max(n*least, floor))
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

// pad reads n zeros.
func (d *decoder) pad(n int) error {
	if n > d.in.left() {
		return io.ErrUnexpectedEOF
	}
	for _, c := range d.in.next(n) {
		if c != 0 {
			return errors.New("padding is not zero")
		}
	}
	return nil
}
