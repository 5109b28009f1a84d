package connection_test

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/connection"
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

// Files for which a process has no descriptors left are lost, and the receive says so. Its error is not that of a closed
// connection. The next message does not get some of them in place of its own files.
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

// The loss of a dropped message's files is no error of a Wait for the next message, nor of its receive.
func TestLostFilesOfDropped(t *testing.T) {
	if !shared() {
		t.Skip("over a socket they come with the first bytes")
	}
	type unwanted struct {
		Files []*os.File
		Body  []byte
	}
	for _, waits := range []bool{true, false} {
		t.Run(map[bool]string{true: "Wait", false: "RecvBytes"}[waits], func(t *testing.T) {
			leak.Check(t)
			ctx := within(t)
			a, b := pipe(t)
			lost := content(t, "lost")
			defer lost.Close()
			message := unwanted{slices.Repeat([]*os.File{lost}, 5), make([]byte, 4<<20)}
			over, cancel := context.WithCancel(ctx)
			cancel()
			for interrupted := false; !interrupted && !t.Failed(); {
				sent := make(chan error, 1)
				go func() { sent <- errors.Join(a.Send(ctx, message), a.SendBytes(ctx, []byte("wanted"))) }()
				if ready, err := b.Poll(10 * time.Second); !ready || err != nil {
					t.Fatal(ready, err)
				}
				fewFiles(t, 2, func() {
					_, err := b.RecvBytes(over)
					interrupted = errors.Is(err, context.Canceled)
					if waits {
						if _, err := connection.Wait(ctx, b); err != nil {
							t.Error(err)
						}
					}
					if p, err := b.RecvBytes(ctx); string(p) != "wanted" {
						t.Errorf("%q, %v", p, err)
					}
				})
				if err := <-sent; err != nil {
					t.Error(err)
				}
			}
		})
	}
}
