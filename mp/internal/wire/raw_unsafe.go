package wire

import (
	"reflect"
	"unsafe"
)

// The functions in this file are views of memory that the type
// system cannot express.

// number is what travels as its memory: every bit pattern is a value.
type number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// at returns v's address as a *T. The caller knows that v, which is
// addressable, has T's layout: T's own type or another one of the same shape.
func at[T any](v reflect.Value) *T { return (*T)(v.Addr().UnsafePointer()) }

// memory returns the bytes of s, which are numbers or bools.
func memory[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}

// numbers returns the numbers that lie in b and nothing beyond. b is aligned for them, as is what was allocated with a multiple of
// their size.
func numbers[N number](b []byte) []N {
	return unsafe.Slice((*N)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(*new(N))))
}

// bytesOf returns the memory of *v, which is a number.
func bytesOf[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), int(unsafe.Sizeof(*v)))
}

// stringOf returns v as a *string. T is a string type of any name.
func stringOf[T any](v *T) *string { return (*string)(unsafe.Pointer(v)) }

// octetsOf returns v as a *[]byte. T is a slice of bytes of any name.
func octetsOf[T any](v *T) *[]byte { return (*[]byte)(unsafe.Pointer(v)) }

// arrayMemory returns the bytes of the addressable value v, which consists of
// numbers or bools.
func arrayMemory(v reflect.Value) []byte {
	return unsafe.Slice((*byte)(v.Addr().UnsafePointer()), int(v.Type().Size()))
}

// sliceMemory returns the bytes of the slice v, whose elements are numbers of
// that size.
func sliceMemory(v reflect.Value, size int) []byte {
	if v.Len() == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(v.UnsafePointer()), v.Len()*size)
}
