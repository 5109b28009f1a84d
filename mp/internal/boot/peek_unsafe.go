//go:build windows

package boot

import (
	"syscall"
	"unsafe"
)

var (
	kernel32             = syscall.NewLazyDLL("kernel32.dll")
	peekNamedPipe        = kernel32.NewProc("PeekNamedPipe")
	setHandleInformation = kernel32.NewProc("SetHandleInformation")
)

// verify looks, without waiting and without consuming it, for the preamble on the link.
func verify(link uintptr, want [PreambleSize]byte) (refusal string) {
	var got [PreambleSize]byte
	var n uint32
	ok, _, err := peekNamedPipe.Call(link, uintptr(unsafe.Pointer(&got[0])), uintptr(len(got)), uintptr(unsafe.Pointer(&n)), 0, 0)
	switch {
	case ok == 0:
		return "the handle that it names is not a parent's pipe (" + err.Error() + ")"
	case int(n) != len(got) || got != want:
		return "the pipe that it names does not carry its number"
	}
	return ""
}

// closeOnExec keeps programs that this one starts from inheriting the handle.
func closeOnExec(handle uintptr) {
	const inherit = 1 // HANDLE_FLAG_INHERIT
	setHandleInformation.Call(handle, inherit, 0)
}
