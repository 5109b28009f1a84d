package wire

import "unsafe"

// The functions in this file are for types of which [Codec.Size] tells a size: numbers, which travel as their memory.

// AppendNumbers appends numbers to b.
func AppendNumbers[T any](b *Buffer, numbers []T) { b.Data = append(b.Data, numberMemory(numbers)...) }

// ReadNumbers fills numbers with those that data begins with.
func ReadNumbers[T any](data []byte, numbers []T) { copy(numberMemory(numbers), data) }

// Number is the number that data begins with.
func Number[T any](data []byte) (n T) {
	_ = data[unsafe.Sizeof(n)-1]
	copy(bytesOf(&n), data)
	return n
}

// PutNumber writes a number to the front of data.
func PutNumber[T any](data []byte, n T) {
	_ = data[unsafe.Sizeof(n)-1]
	copy(data, bytesOf(&n))
}

func numberMemory[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}
