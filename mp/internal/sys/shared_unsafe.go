//go:build windows

package sys

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// committed reports whether all of a view is backed by memory that can be written.
func committed(addr uintptr, size int) bool {
	var info windows.MemoryBasicInformation
	return windows.VirtualQuery(addr, &info, unsafe.Sizeof(info)) == nil && info.State == windows.MEM_COMMIT &&
		info.Protect == windows.PAGE_READWRITE && info.RegionSize >= uintptr(size)
}

// viewAt returns the memory of a view, which the garbage collector does not manage.
func viewAt(addr uintptr, size int) []byte {
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&addr))), size)
}

// addressOf returns the address at which a view begins.
func addressOf(mem []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(mem))) }
