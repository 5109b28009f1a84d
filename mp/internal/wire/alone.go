package wire

import (
	"bytes"
	"fmt"
	"reflect"
)

// alone makes the codec of a value that is just a number, a string or bytes. It is nil for other types. A number or a string
// travels as its memory, without a header, since the frame of a value says how long it is. Bytes do too, behind one byte that
// tells empty bytes from nil. This makes small messages, and calls of tiny functions, cheap.
func alone[T any](t reflect.Type) (encode func(*Buffer, *T), decode func([]byte, *T) error) {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return encodeMemory[T], decodeMemory[T]
	case reflect.String:
		return encodeContent[T], decodeContent[T]
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 && plain(t.Elem()) {
			return encodeOctets[T], decodeOctets[T]
		}
	}
	return nil, nil
}

func encodeMemory[T any](b *Buffer, v *T) { b.Data = append(b.Data, bytesOf(v)...) }

func decodeMemory[T any](data []byte, v *T) error {
	own := bytesOf(v)
	if len(data) != len(own) {
		return fmt.Errorf("found %d bytes instead of %d", len(data), len(own))
	}
	copy(own, data)
	return nil
}

func encodeContent[T any](b *Buffer, v *T) { b.Data = append(b.Data, *stringOf(v)...) }

func decodeContent[T any](data []byte, v *T) error {
	*stringOf(v) = string(data)
	return nil
}

// present stands before bytes that are not nil, even if there are none. Nil bytes are encoded as nothing at all.
const present = 1

func encodeOctets[T any](b *Buffer, v *T) {
	if p := *octetsOf(v); p != nil {
		b.Data = append(append(b.Data, present), p...)
	}
}

func decodeOctets[T any](data []byte, v *T) error {
	p := octetsOf(v)
	switch {
	case len(data) == 0:
		*p = nil
	case data[0] != present:
		return fmt.Errorf("found 0x%02x before bytes", data[0])
	case *p == nil || len(data)-1 > cap(*p):
		*p = bytes.Clone(data[1:])
	default:
		*p = append((*p)[:0], data[1:]...)
	}
	return nil
}
