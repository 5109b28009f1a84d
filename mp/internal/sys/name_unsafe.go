//go:build linux

package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// setThreadName names the calling thread.
func setThreadName(name string) error {
	b, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(b)), 0, 0, 0)
}
