//go:build linux && !(mips || mipsle || mips64 || mips64le)

package sys

import (
	"syscall"
	"unsafe"
)

// HoldInterrupt makes this process ignore SIGINT until release is called, which restores the handler from before.
//
// Package os/signal cannot do that: a signal that it ignores stays ignored, whatever Reset says, and Notify costs a thread, a
// tenth of the time in which an empty process starts. The Go runtime does not notice the change.
func HoldInterrupt() (release func()) {
	// Room for the kernel's struct. Only its first word matters here: the handler.
	var ignore, before [8]uintptr
	const ignored = 1 // SIG_IGN
	ignore[0] = ignored
	if !sigaction(syscall.SIGINT, &ignore, &before) {
		return func() {}
	}
	return func() { sigaction(syscall.SIGINT, &before, nil) }
}

func sigaction(sig syscall.Signal, to, was *[8]uintptr) bool {
	const setSize = 8
	_, _, err := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig),
		uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(was)), setSize, 0, 0)
	return err == 0
}
