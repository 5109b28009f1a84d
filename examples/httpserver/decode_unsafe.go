package main

import "unsafe"

// peek is file[offset] as in C: it does not check that offset is inside file.
//
//go:nocheckptr
func peek(file []byte, offset uint32) byte {
	return *(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(file)), uintptr(offset)))
}
