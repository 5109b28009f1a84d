package sharedmem

import "unsafe"

// elements are the first n elements of mem, a mapping, which begins at a page. T was checked: it has no pointers.
func elements[T any](mem []byte, n int) []T {
	var t T
	_ = mem[n*int(unsafe.Sizeof(t))-1]
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mem))), n)
}

// toWord is n as the word of a cell: its memory, and zeros behind it.
func toWord[T Fixed](n T) (word uint64) {
	*(*T)(unsafe.Pointer(&word)) = n
	return word
}

// fromWord is the number that toWord has made a word of; of any other word, one all the same.
func fromWord[T Fixed](word uint64) T { return *(*T)(unsafe.Pointer(&word)) }
