package dataloader

import "unsafe"

func sizeOf[T any]() int { return int(unsafe.Sizeof(*new(T))) }

// numbersIn are the numbers that p, which is aligned for them, has room for.
func numbersIn[T Fixed](p []byte) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(p))), len(p)/sizeOf[T]())
}

// offsetIn is where p begins in segment, if all of it lies there.
func offsetIn(segment, p []byte) (offset int, ok bool) {
	from := uintptr(unsafe.Pointer(unsafe.SliceData(p))) - uintptr(unsafe.Pointer(unsafe.SliceData(segment)))
	size := uintptr(len(segment))
	return int(from), from < size && uintptr(len(p)) <= size-from
}
