package sys

import (
	"os"

	"golang.org/x/sys/windows"
)

// ChildEnd is a file that is to become a child's: its end of a link or of a pipe, or one that is lent to it.
//
// It is a bare handle. An os.File would tie a handle for overlapped operations to this process's completion port, for good,
// and the child could not use it.
type ChildEnd struct {
	handle windows.Handle
	lent   *os.File
}

// Lend makes a ChildEnd of a file, which stays the caller's.
func Lend(f *os.File) *ChildEnd { return &ChildEnd{lent: f} }

// Number is the handle of the end in a child that inherits it: handles keep their value.
func (e *ChildEnd) Number(int) uintptr { return uintptr(e.handle) }

// Close closes the end.
func (e *ChildEnd) Close() error {
	if e.lent != nil {
		return e.lent.Close()
	}
	if e.handle == 0 {
		return os.ErrClosed
	}
	h := e.handle
	e.handle = 0
	return windows.CloseHandle(h)
}

// inheritable returns a handle that a child inherits, and a function that closes it again.
func (e *ChildEnd) inheritable() (windows.Handle, func(), error) {
	if e.lent == nil {
		return e.handle, func() {}, nil
	}
	h, err := duplicate(e.lent, windows.CurrentProcess(), true)
	return h, func() { windows.CloseHandle(h) }, err
}
