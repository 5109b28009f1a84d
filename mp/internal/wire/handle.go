package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// Handle is implemented by pointers to objects that travel by reference, such
// as queues and locks. IsHandle does nothing; it marks the type, so that one
// sent by value is refused.
type Handle interface {
	msgpack.CustomEncoder
	msgpack.CustomDecoder
	IsHandle()
}

// Encoder and Decoder are what the methods of a Handle get.
type (
	Encoder = msgpack.Encoder
	Decoder = msgpack.Decoder
)

var (
	handleType = reflect.TypeFor[Handle]()
	fileType   = reflect.TypeFor[os.File]()
)

// isHandle reports whether t is a pointer type that is a Handle by methods of its
// own, not by promoted ones.
func isHandle(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && t.Implements(handleType) &&
		!promoted(t.Elem(), func(t reflect.Type) (reflect.Method, bool) { return t.MethodByName("IsHandle") })
}

// fileExt is the ext type of a file: its index among those of the message, in
// four bytes.
const fileExt = 77

// Ours returns nil if enc writes a message of this library to another process.
// Otherwise it returns the error for files and handles, which only such a message
// can hold.
func Ours(enc *Encoder) error {
	if _, ok := enc.Writer().(*sink); !ok {
		return errors.New("files and what holds them can only be sent to another process by this library")
	}
	return nil
}

// NotJSON is what MarshalJSON of a handle returns: a reference means nothing outside of a message of this library.
func NotJSON(what string) error {
	return fmt.Errorf("mp: this %s goes to another process only as a field, by pointer, of what this library sends", what)
}

// Attach adds f to the message that enc is writing, and writes an ext value
// that stands for it. A handle calls it in EncodeMsgpack. The sender keeps f.
func Attach(enc *msgpack.Encoder, f *os.File) error {
	if err := Ours(enc); err != nil {
		return err
	}
	out := enc.Writer().(*sink)
	if f == nil {
		return errors.New("cannot attach a nil file")
	}
	i, err := out.attach(f)
	if err != nil {
		return err
	}
	if err := enc.EncodeExtHeader(fileExt, 4); err != nil {
		return err
	}
	_, err = out.Write(binary.BigEndian.AppendUint32(nil, i))
	return err
}

// Keep is [Attach] for a file that the sender goes on using:
// [Buffer.CloseFiles], which the sender of a result calls, does not close it.
func Keep(enc *Encoder, f *os.File) error {
	if out, ok := enc.Writer().(*sink); ok && out.b != nil {
		out.b.lent = append(out.b.lent, f)
	}
	return Attach(enc, f)
}

// Lend is [Keep] for a file that many handles use: a message has it once, and a
// nil stands for it from then on. The file stays open as long as holder is not
// collected, which is not before the message was sent.
func Lend(enc *Encoder, f *os.File, holder any) error {
	if out, ok := enc.Writer().(*sink); ok && out.b != nil {
		// Not if f is in the message by Attach alone: the decoder takes such a file elsewhere, or later.
		if slices.Contains(out.b.lent, f) && slices.Contains(out.b.Files[out.base:], f) {
			return enc.EncodeNil()
		}
		out.b.holders = append(out.b.holders, holder)
	}
	return Keep(enc, f)
}

// Lent reads what [Lend] wrote: a file, which now belongs to the caller, or nil
// if the message has had it already.
func Lent(dec *Decoder) (*os.File, error) {
	if c, err := dec.PeekCode(); err != nil {
		return nil, ended(err)
	} else if c == msgpcode.Nil {
		return nil, dec.DecodeNil()
	}
	return Detach(dec)
}

// Detach reads what [Attach] wrote and returns the file, which now belongs to
// the caller. Each file of a message can be taken once.
func Detach(dec *msgpack.Decoder) (*os.File, error) {
	in, ok := dec.Buffered().(*reader)
	if !ok {
		return nil, errors.New("files and what holds them can only be received from another process by this library")
	}
	c, err := dec.PeekCode()
	if err != nil {
		return nil, ended(err)
	}
	if c != msgpcode.FixExt4 {
		return nil, bad(c, "a file")
	}
	id, _, err := dec.DecodeExtHeader()
	if err != nil {
		return nil, ended(err)
	}
	if id != fileExt {
		return nil, fmt.Errorf("found ext type %d instead of a file", id)
	}
	var index [4]byte
	if err := dec.ReadFull(index[:]); err != nil {
		return nil, ended(err)
	}
	return in.take(binary.BigEndian.Uint32(index[:]))
}

var filePlan = &leaf[*os.File]{encodeFile, decodeFile, 1}

func encodeFile(e *encoder, p **os.File) error {
	if *p == nil {
		return e.msg.EncodeNil()
	}
	return Attach(e.msg, *p)
}

func decodeFile(d *decoder, p **os.File) error {
	null, err := d.null()
	if err != nil {
		return err
	}
	if *p = nil; !null {
		*p, err = Detach(d.msg)
	}
	return err
}

// handlePlan writes nil or what the handle writes.
type handlePlan struct {
	t     reflect.Type // the pointer
	codec customPlan
}

func (h *handlePlan) least() int { return 1 }

func (h *handlePlan) encode(e *encoder, v reflect.Value) error {
	if v.IsNil() {
		return e.msg.EncodeNil()
	}
	return h.codec.write(e, v.Interface())
}

func (h *handlePlan) decode(d *decoder, v reflect.Value) error {
	if null, err := d.null(); err != nil {
		return err
	} else if null {
		v.SetZero()
		return nil
	}
	p := reflect.New(h.t.Elem())
	if err := h.codec.read(d, p.Interface()); err != nil {
		return err
	}
	v.Set(p)
	return nil
}
