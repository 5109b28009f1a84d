package sys_test

import (
	"errors"
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// A parent's end that is closed, or whose child has ended before Connect, passes no files: it has no peer, least of all its own
// process.
func TestFilesWithoutAPeer(t *testing.T) {
	for name, connect := range map[string]func(c *sys.Conn) error{
		"closed": func(c *sys.Conn) error { return errors.Join(c.Connect(os.Getpid()), c.Close()) },
		"ended":  func(c *sys.Conn) error { return c.Connect(0) },
	} {
		t.Run(name, func(t *testing.T) { refusesFiles(t, connect) })
	}
}

func refusesFiles(t *testing.T, connect func(c *sys.Conn) error) {
	leak.Check(t)
	conn, theirs, err := sys.ConnPair()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	defer conn.Close()
	if err := connect(conn); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := conn.Hand([]*os.File{f}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("it hands a file over: %v", err)
	}
	if _, err := conn.Fetch(f.Fd()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("it fetches a file: %v", err)
	}
}

// A read that does not wait says of a closed pipe that it is closed, as one that waits does.
func TestReadNowOfAClosedPipe(t *testing.T) {
	leak.Check(t)
	conn, theirs, err := sys.ConnPair()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	conn.Close()
	if _, err := conn.ReadNow(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}
