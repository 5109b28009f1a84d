package wire

import (
	"fmt"
	"os"
	"reflect"
	"sync"
	"time"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// carried is a type that an any may hold.
type carried struct {
	t      reflect.Type
	encode func(e *encoder, x any) error
	decode func(d *decoder) (any, error)
}

// carriersTable holds the types that an any may hold.
type carriersTable struct {
	list   []carried            // the index is the type number on the wire
	number map[reflect.Type]int // back to it
}

// carriers is made when the first any is sent: most programs send none, and every child would pay for it.
var carriers func() carriersTable

func init() { carriers = sync.OnceValue(makeCarriers) } // in init, since any contains any

func makeCarriers() (c carriersTable) {
	c.list = []carried{
		carry(encodeBool, decodeBool),
		carry(encodeInt[int], decodeInt[int]),
		carry(encodeInt[int8], decodeInt[int8]),
		carry(encodeInt[int16], decodeInt[int16]),
		carry(encodeInt[int32], decodeInt[int32]),
		carry(encodeInt[int64], decodeInt[int64]),
		carry(encodeUint[uint], decodeUint[uint]),
		carry(encodeUint[uint8], decodeUint[uint8]),
		carry(encodeUint[uint16], decodeUint[uint16]),
		carry(encodeUint[uint32], decodeUint[uint32]),
		carry(encodeUint[uint64], decodeUint[uint64]),
		carry(encodeFloat32, decodeFloat32),
		carry(encodeFloat64, decodeFloat64),
		carry(encodeString, decodeString),
		carry(encodeTime, decodeTime),
		carry(encodeInt[time.Duration], decodeInt[time.Duration]),
		carry(encodeBools, decodeBools),
		carry(encodeNumbers[byte], decodeNumbers[byte]),
		carry(encodeNumbers[int], decodeNumbers[int]),
		carry(encodeNumbers[int32], decodeNumbers[int32]),
		carry(encodeNumbers[int64], decodeNumbers[int64]),
		carry(encodeNumbers[uint32], decodeNumbers[uint32]),
		carry(encodeNumbers[uint64], decodeNumbers[uint64]),
		carry(encodeNumbers[float32], decodeNumbers[float32]),
		carry(encodeNumbers[float64], decodeNumbers[float64]),
		carry(encodeStrings, decodeStrings),
		carry(encodeAnys, decodeAnys),
		carry(encodeDict(encodeAny), decodeDict(decodeAny)),
		carry(encodeDict(encodeString), decodeDict(decodeString)),
	}
	c.number = make(map[reflect.Type]int, len(c.list))
	for i, one := range c.list {
		c.number[one.t] = i
	}
	return c
}

func carry[T any](enc func(*encoder, *T) error, dec func(*decoder, *T) error) carried {
	return carried{
		t: reflect.TypeFor[T](),
		encode: func(e *encoder, x any) error {
			v := x.(T)
			return enc(e, &v)
		},
		decode: func(d *decoder) (any, error) {
			var v T
			err := dec(d, &v)
			return v, err
		},
	}
}

const carriedTypes = "nil, bool, numbers, string, time.Time, time.Duration, slices of the common ones ([]byte, []int, []float64, []string, []any, …), map[string]any and map[string]string"

func encodeAny(e *encoder, p *any) error {
	if *p == nil {
		return e.msg.EncodeNil()
	}
	t := reflect.TypeOf(*p)
	n, ok := carriers().number[t]
	if !ok {
		return notCarried(*p, t)
	}
	if err := e.msg.EncodeUint(uint64(n)); err != nil {
		return err
	}
	return carriers().list[n].encode(e, *p)
}

func notCarried(x any, t reflect.Type) error {
	switch x.(type) {
	case *os.File, Handle:
		return fmt.Errorf("an any cannot carry a %s: give it a field or parameter of its own type", typeName(t))
	}
	return fmt.Errorf("an any cannot carry a %s: convert it to one of %s, or declare the field with its own type", typeName(t), carriedTypes)
}

func decodeAny(d *decoder, p *any) error {
	if null, err := d.null(); err != nil {
		return err
	} else if null {
		*p = nil
		return nil
	}
	if c, err := d.code(); err != nil {
		return err
	} else if msgpcode.IsExt(c) {
		return bad(c, "an any, which cannot carry files")
	}
	n, err := d.uint()
	if err != nil {
		return err
	}
	if n >= uint64(len(carriers().list)) {
		return fmt.Errorf("type number %d is not one that an any can carry", n)
	}
	*p, err = carriers().list[n].decode(d)
	return err
}

func encodeAnys(e *encoder, p *[]any) error {
	if *p == nil {
		return e.msg.EncodeNil()
	}
	if err := e.enter(); err != nil {
		return err
	}
	if err := e.list(len(*p)); err != nil {
		return err
	}
	for i := range *p {
		if err := encodeAny(e, &(*p)[i]); err != nil {
			return inElement(i, err)
		}
	}
	e.leave()
	return nil
}

func decodeAnys(d *decoder, p *[]any) error {
	if null, err := d.null(); err != nil {
		return err
	} else if null {
		*p = nil
		return nil
	}
	if err := d.enter(); err != nil {
		return err
	}
	n, err := d.list(1)
	if err != nil {
		return err
	}
	*p = make([]any, n)
	for i := range *p {
		if err := decodeAny(d, &(*p)[i]); err != nil {
			return inElement(i, err)
		}
	}
	d.leave()
	return nil
}
