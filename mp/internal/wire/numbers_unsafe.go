package wire

import "unsafe"

// The functions in this file are for types whose [Codec.Size] is not 0: numbers, which travel as their memory.

// AppendNumbers appends numbers to b.
func AppendNumbers[T any](b *Buffer, numbers []T) { b.Data = append(b.Data, memory(numbers)...) }

// ReadNumbers fills numbers from the front of data.
func ReadNumbers[T any](data []byte, numbers []T) { copy(memory(numbers), data) }

// Number returns the number at the front of data.
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
