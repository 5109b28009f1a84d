//go:build windows

package main

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// truncation describes the incident truncated for the output.
const truncation = "whose pages the workers lose with it, is now truncated"

// mapFile simulates a mapping of the first size bytes of a file: it copies them
// into pages of their own. Windows does not truncate a file that is really mapped.
// There, a disk or a network share that fails takes mapped pages away (exception
// 0xc0000006), and no example can arrange that.
func mapFile(name string, size int) ([]byte, error) {
	address, err := windows.VirtualAlloc(0, uintptr(size), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, os.NewSyscallError("VirtualAlloc", err)
	}
	b := unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&address))), size)
	content, err := os.ReadFile(name)
	copy(b, content)
	return b, err
}

// keepUp takes the pages away once the file has become shorter. Reading them then
// raises exception 0xc0000005. The Go runtime treats it like 0xc0000006: it reports
// an unexpected fault address and ends the process.
func keepUp(mapped []byte, name string) error {
	info, err := os.Stat(name)
	if err != nil || info.Size() >= int64(len(mapped)) {
		return err
	}
	address := uintptr(unsafe.Pointer(unsafe.SliceData(mapped)))
	return os.NewSyscallError("VirtualFree", windows.VirtualFree(address, uintptr(len(mapped)), windows.MEM_DECOMMIT))
}
