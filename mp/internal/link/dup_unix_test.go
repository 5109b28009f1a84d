//go:build unix

package link

import (
	"os"
	"syscall"
	"testing"
)

func dupFD(t testing.TB, f *os.File) uintptr {
	t.Helper()
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var fd int
	raw.Control(func(old uintptr) { fd, err = syscall.Dup(int(old)) })
	if err != nil {
		t.Fatal(err)
	}
	return uintptr(fd)
}
