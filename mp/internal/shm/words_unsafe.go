package shm

import (
	"sync/atomic"
	"unsafe"
)

// word32 is the word at the front of mem, which is 4-byte aligned.
func word32(mem []byte) *atomic.Uint32 {
	_ = mem[3]
	return (*atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(mem)))
}
