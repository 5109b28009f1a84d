package connection_test

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// fewFiles lets this process open only n more files while do runs.
func fewFiles(t *testing.T, n uint64, do func()) {
	t.Helper()
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	next := uint64(f.Fd()) // the lowest that is free
	f.Close()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: next + n, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	do()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
}

// Files that a process has no room for are lost, and it is told so; nobody gets some of them in place of others, and the
// connection does not look as if it had been closed.
func TestLostFiles(t *testing.T) {
	transports(t, func(t *testing.T) {
		for _, n := range []int{5, 300} {
			leak.Check(t)
			ctx := within(t)
			a, b := pipe(t)
			lost, fresh := content(t, "lost"), content(t, "good")
			files := make([]*os.File, n)
			for i := range files {
				files[i] = lost
			}
			if err := errors.Join(a.SendHandle(ctx, files...), a.SendHandle(ctx, fresh)); err != nil {
				t.Fatal(err)
			}
			fewFiles(t, 2, func() {
				if got, err := b.RecvHandle(ctx); err == nil || errors.Is(err, io.EOF) {
					t.Errorf("%d files, %v", len(got), err)
				}
			})
			got, err := b.RecvHandle(ctx)
			if err != nil {
				t.Error(err)
			} else {
				var text [4]byte
				if _, err := got[0].ReadAt(text[:], 0); string(text[:]) != "good" || len(got) != 1 {
					t.Errorf("%d files with %q, %v", len(got), text, err)
				}
				got[0].Close()
			}
			lost.Close()
			fresh.Close()
		}
	})
}
