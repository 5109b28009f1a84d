package wire

import (
	"fmt"
	"reflect"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

type signed interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64
}

type unsigned interface {
	~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// scalar is the plan of a kind that has no parts; nil for the others. It is made when it is asked for: a table would be
// filled in every child.
func scalar(k reflect.Kind) plan {
	switch k {
	case reflect.Bool:
		return &leaf[bool]{encodeBool, decodeBool, 1}
	case reflect.Int:
		return &leaf[int]{encodeInt[int], decodeInt[int], 1}
	case reflect.Int8:
		return &leaf[int8]{encodeInt[int8], decodeInt[int8], 1}
	case reflect.Int16:
		return &leaf[int16]{encodeInt[int16], decodeInt[int16], 1}
	case reflect.Int32:
		return &leaf[int32]{encodeInt[int32], decodeInt[int32], 1}
	case reflect.Int64:
		return &leaf[int64]{encodeInt[int64], decodeInt[int64], 1}
	case reflect.Uint:
		return &leaf[uint]{encodeUint[uint], decodeUint[uint], 1}
	case reflect.Uint8:
		return &leaf[uint8]{encodeUint[uint8], decodeUint[uint8], 1}
	case reflect.Uint16:
		return &leaf[uint16]{encodeUint[uint16], decodeUint[uint16], 1}
	case reflect.Uint32:
		return &leaf[uint32]{encodeUint[uint32], decodeUint[uint32], 1}
	case reflect.Uint64:
		return &leaf[uint64]{encodeUint[uint64], decodeUint[uint64], 1}
	case reflect.Float32:
		return &leaf[float32]{encodeFloat32, decodeFloat32, 5}
	case reflect.Float64:
		return &leaf[float64]{encodeFloat64, decodeFloat64, 9}
	case reflect.String:
		return &leaf[string]{encodeString, decodeString, 1}
	}
	return nil
}

func encodeBool(e *encoder, p *bool) error { return e.msg.EncodeBool(*p) }

func decodeBool(d *decoder, p *bool) error {
	c, err := d.code()
	if err != nil {
		return err
	}
	if c != msgpcode.False && c != msgpcode.True {
		return bad(c, "a bool")
	}
	*p, err = d.msg.DecodeBool()
	return err
}

func encodeInt[I signed](e *encoder, p *I) error { return e.msg.EncodeInt(int64(*p)) }

func decodeInt[I signed](d *decoder, p *I) error {
	n, err := d.int()
	if err != nil {
		return err
	}
	*p = I(n)
	if int64(*p) != n {
		return fmt.Errorf("%d does not fit in %T", n, *p)
	}
	return nil
}

func encodeUint[U unsigned](e *encoder, p *U) error { return e.msg.EncodeUint(uint64(*p)) }

func decodeUint[U unsigned](d *decoder, p *U) error {
	n, err := d.uint()
	if err != nil {
		return err
	}
	*p = U(n)
	if uint64(*p) != n {
		return fmt.Errorf("%d does not fit in %T", n, *p)
	}
	return nil
}

func encodeFloat32(e *encoder, p *float32) error { return e.msg.EncodeFloat32(*p) }

func decodeFloat32(d *decoder, p *float32) error {
	c, err := d.code()
	if err != nil {
		return err
	}
	if c != msgpcode.Float {
		return bad(c, "a float32")
	}
	*p, err = d.msg.DecodeFloat32()
	return ended(err)
}

func encodeFloat64(e *encoder, p *float64) error { return e.msg.EncodeFloat64(*p) }

func decodeFloat64(d *decoder, p *float64) error {
	c, err := d.code()
	if err != nil {
		return err
	}
	if c != msgpcode.Double {
		return bad(c, "a float64")
	}
	*p, err = d.msg.DecodeFloat64()
	return ended(err)
}

func encodeString(e *encoder, p *string) error { return e.text(*p) }

func decodeString(d *decoder, p *string) (err error) {
	*p, err = d.text()
	return err
}
