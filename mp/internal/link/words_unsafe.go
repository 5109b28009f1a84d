package link

import (
	"sync/atomic"
	"unsafe"
)

// word64 is the word at the front of mem, which is 8-byte aligned.
func word64(mem []byte) *atomic.Uint64 {
	_ = mem[7]
	return (*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(mem)))
}
