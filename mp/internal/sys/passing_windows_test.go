package sys_test

import (
	"errors"
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// A parent's end that is closed passes no files: it has no peer any more, least of all its own process.
func TestFilesAfterClose(t *testing.T) {
	leak.Check(t)
	conn, theirs, err := sys.ConnPair()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	if err := conn.Connect(os.Getpid()); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	before := len(sys.Handles())
	if err := conn.Hand([]*os.File{f}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("it hands a file over: %v", err)
	}
	if _, err := conn.Fetch(f.Fd()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("it fetches a file: %v", err)
	}
	if after := len(sys.Handles()); after != before {
		t.Errorf("%d handles, and %d before", after, before)
	}
	if err := conn.Close(); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}
