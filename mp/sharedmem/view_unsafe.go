package sharedmem

import "unsafe"

// elements are the first n elements of mem, a mapping, which begins at a page. T has passed plain, so it has no pointers.
func elements[T any](mem []byte, n int) []T {
	var t T
	_ = mem[n*int(unsafe.Sizeof(t))-1]
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mem))), n)
}

// toWord makes the word of a cell from n: its memory, and zeros behind it.
func toWord[T Fixed](n T) (word uint64) {
	*(*T)(unsafe.Pointer(&word)) = n
	return word
}

// fromWord is the reverse of toWord. It makes a number of any other word, too.
func fromWord[T Fixed](word uint64) T { return *(*T)(unsafe.Pointer(&word)) }
