//go:build windows

package sys

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// committed reports whether there is memory that can be written behind all of a view.
func committed(addr uintptr, size int) bool {
	var info windows.MemoryBasicInformation
	return windows.VirtualQuery(addr, &info, unsafe.Sizeof(info)) == nil && info.State == windows.MEM_COMMIT &&
		info.Protect == windows.PAGE_READWRITE && info.RegionSize >= uintptr(size)
}

// viewAt is the memory of a view, which the garbage collector knows nothing of.
func viewAt(addr uintptr, size int) []byte {
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&addr))), size)
}

// addressOf is where a view begins.
func addressOf(mem []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(mem))) }
