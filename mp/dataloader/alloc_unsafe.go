package dataloader

import "unsafe"

func sizeOf[T any]() int { return int(unsafe.Sizeof(*new(T))) }

// numbersIn returns the memory of p as numbers. p must be aligned for them.
func numbersIn[T Fixed](p []byte) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(p))), len(p)/sizeOf[T]())
}

// offsetIn returns where p begins in segment; ok is false unless all of p lies there.
func offsetIn(segment, p []byte) (offset int, ok bool) {
	from := uintptr(unsafe.Pointer(unsafe.SliceData(p))) - uintptr(unsafe.Pointer(unsafe.SliceData(segment)))
	size := uintptr(len(segment))
	return int(from), from < size && uintptr(len(p)) <= size-from
}
