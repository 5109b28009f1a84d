package wire

import (
	"fmt"
	"os"
	"reflect"
)

// Codec encodes and decodes values of type T. It is safe for concurrent use.
type Codec[T any] struct {
	name      string // of T, where paths in errors begin
	signature string
	encode    func(*encoder, *T) error
	decode    func(*decoder, *T) error

	size int // of T if T is a number; otherwise 0

	// For a number, a string or bytes. They replace encode and decode, unless slices may lie in memory that both ends share.
	encodeAlone func(*Buffer, *T)
	decodeAlone func([]byte, *T) error
}

// Compile returns the codec of T, or an error that names what cannot be sent by
// its field path and says what to do about it.
func Compile[T any]() (*Codec[T], error) {
	t := reflect.TypeFor[T]()
	p, err := compile(t)
	if err != nil {
		return nil, err
	}
	c := &Codec[T]{name: rootName(t), signature: signature(t)}
	if plain(t) {
		if c.encodeAlone, c.decodeAlone = alone[T](t); c.encodeAlone != nil && t.Kind() != reflect.String && t.Kind() != reflect.Slice {
			c.size = int(t.Size())
		}
	}
	if l, ok := p.(*leaf[T]); ok {
		// The fast path: no reflection per value.
		c.encode, c.decode = l.enc, l.dec
		return c, nil
	}
	c.encode = func(e *encoder, v *T) error { return p.encode(e, reflect.ValueOf(v).Elem()) }
	c.decode = func(d *decoder, v *T) error { return p.decode(d, reflect.ValueOf(v).Elem()) }
	return c, nil
}

// Encode appends *v to b. On an error, b is as it was before.
//
// Indexes of files count from the first file that this call attaches, so several
// values can share a buffer: the caller notes len(b.Data) and len(b.Files)
// between them, and hands [Codec.Decode] each value's own part.
func (c *Codec[T]) Encode(b *Buffer, v *T) error {
	if c.encodeAlone != nil && b.Place == nil {
		c.encodeAlone(b, v)
		return nil
	}
	data, files := len(b.Data), len(b.Files)
	e := newEncoder(b)
	err := c.encode(e, v)
	e.release()
	if err != nil {
		b.Truncate(data, files)
		path, err := locate(c.name, err)
		return fmt.Errorf("encode %s: %w", path, err)
	}
	return nil
}

// Decode sets *v to the value in data, which must hold nothing else. Nothing in *v
// aliases data, which must not change meanwhile. Slices of numbers, bools and
// strings reuse the capacity they find in *v; everything else is made anew, and
// fields that are not sent are left alone.
//
// On success every file belongs to *v. On an error *v may be half set and must
// not be used, and all files still belong to the caller, who closes them.
func (c *Codec[T]) Decode(data []byte, files []*os.File, v *T) error {
	return c.DecodeShared(data, files, nil, v)
}

// DecodeShared is Decode for a message whose sender may have left slices in
// memory that both ends share: see [Buffer.Place]. Such a slice becomes what
// resolve returns for its place, that memory or a copy of it, without any
// capacity beyond.
//
// resolve returns r.Length bytes that are aligned as r.Offset is. Places come
// from the sender, so resolve has to check each, and how large all are together.
func (c *Codec[T]) DecodeShared(data []byte, files []*os.File, resolve func(r Ref) ([]byte, error), v *T) error {
	if c.decodeAlone != nil && resolve == nil {
		err := c.decodeAlone(data, v)
		if err == nil {
			err = allUsed(len(files), 0)
		}
		if err != nil {
			return fmt.Errorf("decode %s: %w", c.name, err)
		}
		return nil
	}
	d := newDecoder(data, files)
	d.resolve = resolve
	err := c.decode(d, v)
	if err == nil {
		err = d.in.finish()
	}
	d.release()
	if err != nil {
		path, err := locate(c.name, err)
		return fmt.Errorf("decode %s: %w", path, err)
	}
	return nil
}

// Size is how many bytes every value takes, if T is a number; 0 otherwise.
func (c *Codec[T]) Size() int { return c.size }

// Signature is the canonical text of T's shape: kinds, field names and names of
// types with their package paths. Two types with equal signatures have the same
// form on the wire.
func (c *Codec[T]) Signature() string { return c.signature }
