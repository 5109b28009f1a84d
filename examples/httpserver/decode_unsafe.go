package main

import "unsafe"

// peek is file[offset] in C: nothing looks whether that is in the file.
//
//go:nocheckptr
func peek(file []byte, offset uint32) byte {
	return *(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(file)), uintptr(offset)))
}
