//go:build unix

package link

import (
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// own makes the child's end ours: this process plays both parts.
func own(t testing.TB, end *sys.ChildEnd) uintptr {
	t.Helper()
	defer end.Close()
	raw, err := end.SyscallConn()
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
