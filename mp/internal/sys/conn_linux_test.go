package sys_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Another process that has the same socket can make it blocking. Reads and writes wait in the poller all the same, where Close and
// deadlines end them.
func TestMadeBlocking(t *testing.T) {
	leak.Check(t)
	x, y, err := sys.StreamPair()
	if err != nil {
		t.Fatal(err)
	}
	defer y.Close()
	c, err := sys.OpenConn(x)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.File().SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = unix.SetNonblock(int(fd), false) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"ReadNow": func() error { _, err := c.ReadNow(make([]byte, 1)); return err },
		"Write":   func() error { return c.Write([][]byte{make([]byte, 64<<20)}, nil) },
	} {
		if name == "Write" {
			c.SetWriteDeadline(time.Unix(1, 0))
		}
		done := make(chan error, 1)
		go func() { done <- call() }()
		select {
		case err := <-done:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s blocks", name)
			y.Close()
			<-done
		}
	}
}
