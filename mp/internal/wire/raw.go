package wire

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// rawSlice is the plan of a slice that travels as its memory, by the kind of its elements; nil for the others.
func rawSlice(k reflect.Kind) plan {
	switch k {
	case reflect.Bool:
		return &leaf[[]bool]{encodeBools, decodeBools, 1}
	case reflect.Int:
		return &leaf[[]int]{encodeNumbers[int], decodeNumbers[int], 1}
	case reflect.Int8:
		return &leaf[[]int8]{encodeNumbers[int8], decodeNumbers[int8], 1}
	case reflect.Int16:
		return &leaf[[]int16]{encodeNumbers[int16], decodeNumbers[int16], 1}
	case reflect.Int32:
		return &leaf[[]int32]{encodeNumbers[int32], decodeNumbers[int32], 1}
	case reflect.Int64:
		return &leaf[[]int64]{encodeNumbers[int64], decodeNumbers[int64], 1}
	case reflect.Uint:
		return &leaf[[]uint]{encodeNumbers[uint], decodeNumbers[uint], 1}
	case reflect.Uint8:
		return &leaf[[]uint8]{encodeNumbers[uint8], decodeNumbers[uint8], 1}
	case reflect.Uint16:
		return &leaf[[]uint16]{encodeNumbers[uint16], decodeNumbers[uint16], 1}
	case reflect.Uint32:
		return &leaf[[]uint32]{encodeNumbers[uint32], decodeNumbers[uint32], 1}
	case reflect.Uint64:
		return &leaf[[]uint64]{encodeNumbers[uint64], decodeNumbers[uint64], 1}
	case reflect.Float32:
		return &leaf[[]float32]{encodeNumbers[float32], decodeNumbers[float32], 1}
	case reflect.Float64:
		return &leaf[[]float64]{encodeNumbers[float64], decodeNumbers[float64], 1}
	case reflect.String:
		return &leaf[[]string]{encodeStrings, decodeStrings, 1}
	}
	return nil
}

func encodeNumbers[N number](e *encoder, p *[]N) error {
	if *p == nil {
		return e.msg.EncodeNil()
	}
	return e.numbers(memory(*p))
}

// Bools are never left in shared memory: a process that can write there could
// make them neither true nor false.
func encodeBools(e *encoder, p *[]bool) error {
	if *p == nil {
		return e.msg.EncodeNil()
	}
	return e.bytes(memory(*p))
}

// resize returns a slice of n elements, whose values do not matter. It is s itself
// if s has room for them, and never nil.
func resize[T any](s []T, n int) []T {
	if s == nil || cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func decodeNumbers[N number](d *decoder, p *[]N) error {
	switch c, err := d.code(); {
	case err != nil:
		return err
	case c == msgpcode.Nil:
		d.in.off++
		*p = nil
		return nil
	case c == msgpcode.FixExt16:
		return decodeReference(d, p)
	}
	b, err := d.bytes()
	if err != nil {
		return err
	}
	size := int(reflect.TypeFor[N]().Size())
	if len(b)%size != 0 {
		return fmt.Errorf("%d bytes do not divide into elements of %d", len(b), size)
	}
	// A copy, so the alignment of b does not matter. Clone, unlike make, does not zero the memory first.
	if n := len(b) / size; n > cap(*p) {
		*p = numbers[N](bytes.Clone(b))
	} else {
		*p = resize(*p, n)
		copy(memory(*p), b)
	}
	return nil
}

func decodeBools(d *decoder, p *[]bool) error {
	if null, err := d.null(); err != nil {
		return err
	} else if null {
		*p = nil
		return nil
	}
	b, err := d.bytes()
	if err != nil {
		return err
	}
	*p = resize(*p, len(b))
	for i, c := range b {
		if c > 1 {
			return inElement(i, badBool(c))
		}
		(*p)[i] = c == 1
	}
	return nil
}

func badBool(c byte) error { return fmt.Errorf("0x%02x is not a bool", c) }

// rawArray is the plan of arrays of numbers or bools, in any number of
// dimensions.
type rawArray struct {
	size  int
	bools bool // every byte must be 0 or 1
}

func (a *rawArray) least() int { return 2 + min(a.size, mostLeast-2) }

func (a *rawArray) encode(e *encoder, v reflect.Value) error { return e.bytes(arrayMemory(v)) }

func (a *rawArray) decode(d *decoder, v reflect.Value) error {
	b, err := d.bytes()
	if err != nil {
		return err
	}
	if len(b) != a.size {
		return fmt.Errorf("found %d bytes instead of %d", len(b), a.size)
	}
	dst := arrayMemory(v)
	if !a.bools {
		copy(dst, b)
		return nil
	}
	for i, c := range b {
		if c > 1 {
			return inElement(i, badBool(c))
		}
		dst[i] = c
	}
	return nil
}
