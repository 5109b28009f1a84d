//go:build windows

package sys

import (
	"fmt"
	"math/rand/v2"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// pipeSize is the size of a pipe's buffers. It has to hold what a pool sends to a worker without waiting.
const pipeSize = 256 << 10

// pipePair makes both ends of a pipe: ours for overlapped operations, theirs inheritable and with the given access and
// flags. Windows has no anonymous pipe that can be waited on, so the pipe has a name for the moment that it takes to
// open it; nobody else can open it then, because it has a single instance and is opened at once, and nobody can have made
// it before, because the name is random and must be new.
func pipePair(mode, access, flags uint32) (ours, theirs windows.Handle, err error) {
	name, err := windows.UTF16PtrFromString(fmt.Sprintf(`\\.\pipe\mp-%d-%016x%016x`, os.Getpid(), rand.Uint64(), rand.Uint64()))
	if err != nil {
		return 0, 0, err
	}
	ours, err = windows.CreateNamedPipe(name, mode|windows.FILE_FLAG_OVERLAPPED|windows.FILE_FLAG_FIRST_PIPE_INSTANCE,
		windows.PIPE_TYPE_BYTE|windows.PIPE_REJECT_REMOTE_CLIENTS, 1, pipeSize, pipeSize, 0, nil)
	if err != nil {
		return 0, 0, os.NewSyscallError("CreateNamedPipe", err)
	}
	inherit := &windows.SecurityAttributes{InheritHandle: 1}
	inherit.Length = uint32(unsafe.Sizeof(*inherit))
	theirs, err = windows.CreateFile(name, access, 0, inherit, windows.OPEN_EXISTING, flags, 0)
	if err != nil {
		windows.CloseHandle(ours)
		return 0, 0, os.NewSyscallError("CreateFile", err)
	}
	return ours, theirs, nil
}

var peekNamedPipe = windows.NewLazySystemDLL("kernel32.dll").NewProc("PeekNamedPipe")

// empty reports whether a read from the pipe would wait.
func empty(pipe windows.Handle) bool {
	var there uint32
	ok, _, _ := peekNamedPipe.Call(uintptr(pipe), 0, 0, 0, uintptr(unsafe.Pointer(&there)), 0)
	return ok != 0 && there == 0 // a broken pipe is the read's to report
}
