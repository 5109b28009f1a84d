package wire

import (
	"bytes"
	"encoding"
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// codecKind is a pair of methods by which a type encodes itself, in the order
// in which they are looked for.
type codecKind int

const (
	customCodec codecKind = iota
	msgpackCodec
	binaryCodec
	textCodec
	noCodec
)

var codecKinds = [...]struct {
	encoder, decoder             reflect.Type
	encoderMethod, decoderMethod string
	getEncoder, getDecoder       method
}{
	customCodec: {
		reflect.TypeFor[msgpack.CustomEncoder](), reflect.TypeFor[msgpack.CustomDecoder](), "EncodeMsgpack", "DecodeMsgpack",
		func(t reflect.Type) (reflect.Method, bool) { return t.MethodByName("EncodeMsgpack") },
		func(t reflect.Type) (reflect.Method, bool) { return t.MethodByName("DecodeMsgpack") },
	},
	msgpackCodec: {
		reflect.TypeFor[msgpack.Marshaler](), reflect.TypeFor[msgpack.Unmarshaler](), "MarshalMsgpack", "UnmarshalMsgpack",
		func(t reflect.Type) (reflect.Method, bool) { return t.MethodByName("MarshalMsgpack") },
		func(t reflect.Type) (reflect.Method, bool) { return t.MethodByName("UnmarshalMsgpack") },
	},
	binaryCodec: {
		reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.BinaryUnmarshaler](), "MarshalBinary", "UnmarshalBinary",
		func(t reflect.Type) (reflect.Method, bool) { return t.MethodByName("MarshalBinary") },
		func(t reflect.Type) (reflect.Method, bool) { return t.MethodByName("UnmarshalBinary") },
	},
	textCodec: {
		reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](), "MarshalText", "UnmarshalText",
		func(t reflect.Type) (reflect.Method, bool) { return t.MethodByName("MarshalText") },
		func(t reflect.Type) (reflect.Method, bool) { return t.MethodByName("UnmarshalText") },
	},
}

// ownCodec returns the kind of codec that t, or a pointer to it, has itself.
func ownCodec(t reflect.Type) codecKind {
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		p := reflect.PointerTo(t)
		for i, k := range codecKinds {
			if p.Implements(k.encoder) && p.Implements(k.decoder) && !promoted(t, k.getEncoder) && !promoted(t, k.getDecoder) {
				return codecKind(i)
			}
		}
	}
	return noCodec
}

// halfCodec says which half of a codec t has and which it lacks. It is empty if there is no half codec.
func halfCodec(t reflect.Type) string {
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		p := reflect.PointerTo(t)
		for _, k := range codecKinds {
			has, lacks := k.encoderMethod, k.decoderMethod
			enc, dec := p.Implements(k.encoder), p.Implements(k.decoder)
			if dec {
				has, lacks = lacks, has
			}
			if enc != dec {
				return fmt.Sprintf("%s has %s but not %s", typeName(t), has, lacks)
			}
		}
	}
	return ""
}

// customPlan writes what a type's own codec writes, as one bin: the codec can
// neither read nor damage what follows.
type customPlan struct {
	t       reflect.Type
	kind    codecKind
	nilable bool
}

func (c *customPlan) least() int { return 1 }

// Nil values never reach the codec, as with msgpack.

func (c *customPlan) encode(e *encoder, v reflect.Value) error {
	if c.nilable && v.IsNil() {
		return e.msg.EncodeNil()
	}
	return c.write(e, v.Addr().Interface())
}

func (c *customPlan) decode(d *decoder, v reflect.Value) error {
	v.SetZero() // so that what was there before has no influence
	if c.nilable {
		if null, err := d.null(); null || err != nil {
			return err
		}
	}
	return c.read(d, v.Addr().Interface())
}

// write encodes x, a pointer to a value of the type.
func (c *customPlan) write(e *encoder, x any) error {
	if c.kind == customCodec {
		return c.writeCustom(e, x.(msgpack.CustomEncoder))
	}
	var b []byte
	err := c.guard(codecKinds[c.kind].encoderMethod, func() (err error) {
		switch x := x.(type) {
		case msgpack.Marshaler:
			b, err = x.MarshalMsgpack()
		case encoding.BinaryMarshaler:
			b, err = x.MarshalBinary()
		case encoding.TextMarshaler:
			b, err = x.MarshalText()
		}
		return err
	})
	if err != nil {
		return err
	}
	return e.bytes(b)
}

// writeCustom lets the codec write in place; its length is filled in later.
func (c *customPlan) writeCustom(e *encoder, x msgpack.CustomEncoder) error {
	b := e.out.b
	b.Data = append(b.Data, msgpcode.Bin32, 0, 0, 0, 0)
	start := len(b.Data)
	e.lent = true
	e.msg.Reset(&e.out)
	err := c.guard("EncodeMsgpack", func() error { return x.EncodeMsgpack(e.msg) })
	e.msg.Reset(&e.out) // in case it set flags
	if err != nil {
		return err
	}
	body := b.Data[start:]
	if err := fits(len(body)); err != nil {
		return err
	}
	if _, err := scan(body); err != nil {
		return fmt.Errorf("EncodeMsgpack of %s wrote what is not msgpack: %w", typeName(c.t), err)
	}
	binary.BigEndian.PutUint32(b.Data[start-4:], uint32(len(body)))
	return nil
}

// read decodes into x, a pointer to a zero value of the type.
func (c *customPlan) read(d *decoder, x any) error {
	b, err := d.bytes()
	if err != nil {
		return err
	}
	b = bytes.Clone(b) // a codec may keep what it gets
	switch c.kind {
	case customCodec:
		return c.readCustom(d, b, x.(msgpack.CustomDecoder))
	case msgpackCodec:
		if _, err := scan(b); err != nil {
			return err
		}
	}
	return c.guard(codecKinds[c.kind].decoderMethod, func() error {
		switch x := x.(type) {
		case msgpack.Unmarshaler:
			return x.UnmarshalMsgpack(b)
		case encoding.BinaryUnmarshaler:
			return x.UnmarshalBinary(b)
		case encoding.TextUnmarshaler:
			return x.UnmarshalText(b)
		}
		return nil
	})
}

// readCustom shows the codec the blob b and nothing else.
func (c *customPlan) readCustom(d *decoder, b []byte, x msgpack.CustomDecoder) error {
	traps, err := scan(b)
	if err != nil {
		return err
	}
	outer := d.in.window
	d.in.window = window{data: b, traps: traps}
	d.lent = true
	d.msg.Reset(&d.in)
	err = c.guard("DecodeMsgpack", func() error { return x.DecodeMsgpack(d.msg) })
	d.msg.Reset(&d.in)
	if err == nil && d.in.left() > 0 {
		err = fmt.Errorf("DecodeMsgpack of %s left %d bytes of its own unread", typeName(c.t), d.in.left())
	}
	d.in.window = outer
	return err
}

// guard calls a method of a user's type.
func (c *customPlan) guard(method string, call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s of %s panicked: %v", method, typeName(c.t), r)
		}
	}()
	if err := call(); err != nil {
		return fmt.Errorf("%s of %s: %w", method, typeName(c.t), err)
	}
	return nil
}
