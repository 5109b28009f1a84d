package shm

import (
	"sync/atomic"
	"unsafe"
)

// Word64 is the word at the front of mem, which must be aligned to 8 bytes.
func Word64(mem []byte) *atomic.Uint64 {
	_ = mem[7]
	return (*atomic.Uint64)(unsafe.Pointer(unsafe.SliceData(mem)))
}

// Word32 is the word at the front of mem, which must be aligned to 4 bytes.
func Word32(mem []byte) *atomic.Uint32 {
	_ = mem[3]
	return (*atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(mem)))
}
