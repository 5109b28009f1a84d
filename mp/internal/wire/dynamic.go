package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"reflect"
	"strconv"
	"sync"
)

// Type encodes and decodes values whose type is known only when the program
// runs. A pointer stands for what it points to, unless it is a handle. It is safe
// for concurrent use.
type Type struct {
	name     string
	sum      uint64
	pointers int          // how many lead from the type to what is sent
	t        reflect.Type // of what is sent
	plan     plan
	elem     int // the size of an element if t is a slice of numbers; else 0
}

var (
	types     sync.Map // reflect.Type -> *Type
	typeNames sync.Map // sum -> name
)

// mostPointers is how many pointers in a row stand for what the last one points
// to. There has to be a bound, since a pointer type can be its own element.
const mostPointers = 8

// TypeOf returns the Type of t, or an error as [Compile] does.
func TypeOf(t reflect.Type) (*Type, error) {
	if known, ok := types.Load(t); ok {
		return known.(*Type), nil
	}
	w := &Type{t: t}
	for w.pointers < mostPointers && w.t.Kind() == reflect.Pointer && w.t.Elem() != fileType && !isHandle(w.t) {
		w.t = w.t.Elem()
		w.pointers++
	}
	var err error
	if w.plan, err = compile(w.t); err != nil {
		return nil, err
	}
	w.name = rootName(w.t)
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d %d", signature(w.t), strconv.IntSize, binary.NativeEndian.Uint16([]byte{1, 0}))
	w.sum = h.Sum64()
	if w.t.Kind() == reflect.Slice && plain(w.t) && plain(w.t.Elem()) && rawSlice(w.t.Elem().Kind()) != nil {
		switch w.t.Elem().Kind() {
		case reflect.Bool, reflect.String:
		default:
			w.elem = int(w.t.Elem().Size())
		}
	}
	types.Store(t, w)
	typeNames.Store(w.sum, w.name)
	return w, nil
}

// TypeName is the name of the type with that sum, if this process has made its
// Type.
func TypeName(sum uint64) (name string, ok bool) {
	v, ok := typeNames.Load(sum)
	name, _ = v.(string)
	return name, ok
}

// Name is the name of the type, for errors.
func (w *Type) Name() string { return w.name }

// Sum is a hash of the signature of the type and of this machine's word size and
// byte order, which the form depends on. A value of one type can be decoded
// as another type with the same sum.
func (w *Type) Sum() uint64 { return w.sum }

// Value returns what is sent for x, which has the type: what its pointers lead to.
func (w *Type) Value(x any) (reflect.Value, error) {
	v := reflect.ValueOf(x)
	for range w.pointers {
		if v.IsNil() {
			return v, errors.New("it is nil, and a pointer is sent as what it points to")
		}
		v = v.Elem()
	}
	if v.CanAddr() {
		return v, nil
	}
	own := reflect.New(w.t).Elem()
	own.Set(v)
	return own, nil
}

// Target returns the value in v that Decode is to set. v has the type and can be
// set. Pointers on the way that are nil get a new value.
func (w *Type) Target(v reflect.Value) reflect.Value {
	for range w.pointers {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	return v
}

// Encode appends v, which comes from Value, to b. On an error b is as before.
func (w *Type) Encode(b *Buffer, v reflect.Value) error {
	data, files := len(b.Data), len(b.Files)
	e := newEncoder(b)
	err := w.plan.encode(e, v)
	e.release()
	if err != nil {
		b.Truncate(data, files)
		path, err := locate(w.name, err)
		return fmt.Errorf("encode %s: %w", path, err)
	}
	return nil
}

// Decode sets v, which comes from Target; otherwise it is as [Codec.Decode].
func (w *Type) Decode(data []byte, files []*os.File, v reflect.Value) error {
	d := newDecoder(data, files)
	err := w.plan.decode(d, v)
	if err == nil {
		err = d.in.finish()
	}
	d.release()
	if err != nil {
		path, err := locate(w.name, err)
		return fmt.Errorf("decode %s: %w", path, err)
	}
	return nil
}

// Elem is the size of an element if the type is a slice of numbers, else 0.
func (w *Type) Elem() int { return w.elem }

// Memory returns the memory of v if v is a slice of numbers and not nil: it can
// travel as it is, without Encode.
func (w *Type) Memory(v reflect.Value) (mem []byte, ok bool) {
	if w.elem == 0 || v.IsNil() {
		return nil, false
	}
	return sliceMemory(v, w.elem), true
}

// Room makes v, a slice of numbers, n bytes long and returns its memory. It keeps
// the elements, and the array if that has the capacity. It returns an error if v
// is no slice of numbers, or n is no multiple of the size of its elements.
func (w *Type) Room(v reflect.Value, n int) ([]byte, error) {
	if w.elem == 0 || n%w.elem != 0 {
		return nil, fmt.Errorf("decode %s: found %d bytes of memory", w.name, n)
	}
	n /= w.elem
	if v.IsNil() || v.Cap() < n {
		grown := reflect.MakeSlice(w.t, n, n)
		reflect.Copy(grown, v)
		v.Set(grown)
	}
	v.SetLen(n)
	return sliceMemory(v, w.elem), nil
}
