package connection_test

import (
	"net"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A peer that has not proved the key cannot fill this process with files.
func TestFilesOfAStranger(t *testing.T) {
	leak.Check(t)
	l, err := connection.Listen("unix", "", &connection.Options{Key: []byte("secret")})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	open := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	c, err := net.Dial("unix", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := c.(*net.UnixConn)
	raw, err := s.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	files := make([]int, 253)
	for i := range files {
		files[i] = int(null.Fd())
	}
	before := open()
	for i := range 60 { // byte by byte: a header, and a part of the answer that it announces
		if _, _, err := s.WriteMsgUnix([]byte{[60]byte{3: 200}[i]}, unix.UnixRights(files...), nil); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		for unread := 1; unread > 0 && t.Context().Err() == nil; runtime.Gosched() {
			raw.Control(func(fd uintptr) { unread, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
		}
		if n := open(); n > before+2*len(files) {
			t.Fatalf("%d files were open, and %d are after %d bytes", before, n, i+1)
		}
	}
}
