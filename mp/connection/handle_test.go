//go:build unix

package connection_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

func content(t *testing.T, text string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ReadFiles receives files, which have to hold "text", and sends the last one back. It returns whether the number of that is
// above 256.
var ReadFiles = mp.Register("read-files", func(ctx context.Context, c *connection.Conn) (string, error) {
	files, err := c.RecvHandle(ctx)
	if err != nil {
		return "", err
	}
	for i, f := range files {
		var text [4]byte
		if _, err := f.ReadAt(text[:], 0); err != nil || string(text[:]) != "text" {
			return "", fmt.Errorf("file %d holds %q: %w", i, text, err)
		}
	}
	last := files[len(files)-1]
	number := last.Fd()
	err = c.SendHandle(ctx, last)
	for _, f := range files {
		f.Close()
	}
	return fmt.Sprint(number > 256), err
})

// PY-CONN-09: files go to another process, even if their numbers there are above 256, and one comes back.
func TestHandlesToAProcess(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		p, err := mp.Start(ctx, ReadFiles, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		f := content(t, "text")
		files := make([]*os.File, 300)
		for i := range files {
			files[i] = f
		}
		if err := errors.Join(a.SendHandle(ctx, files...), f.Close()); err != nil {
			t.Fatal(err)
		}
		got, err := a.RecvHandle(ctx)
		if err != nil || len(got) != 1 {
			t.Fatal(len(got), err)
		}
		defer got[0].Close()
		if text, err := io.ReadAll(got[0]); string(text) != "text" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		if above, err := p.Result(ctx); above != "true" || err != nil {
			t.Error(above, err)
		}
	})
}

// PY-CONN-09: files arrive, also more than the 253 that can go with one byte. A message without files arrives, too.
func TestHandles(t *testing.T) {
	transports(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 252, 253, 254, 506, 507} {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				leak.Check(t)
				ctx := within(t)
				a, b := pipe(t)
				f := content(t, "text")
				files := make([]*os.File, n)
				for i := range files {
					files[i] = f
				}
				if err := a.SendHandle(ctx, files...); err != nil {
					t.Fatal(err)
				}
				f.Close() // ours
				got, err := b.RecvHandle(ctx)
				if err != nil || len(got) != n {
					t.Fatal(len(got), err)
				}
				for _, f := range got {
					var text [4]byte
					if _, err := f.ReadAt(text[:], 0); string(text[:]) != "text" || err != nil {
						t.Errorf("%q, %v", text, err)
					}
					f.Close()
				}
			})
		}
	})
}

// Files within values arrive, and files that are not received are closed.
func TestFilesInValues(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		type open struct {
			Name string
			F    *os.File
		}
		f := content(t, "abc")
		defer f.Close()
		for range 3 {
			if err := a.Send(ctx, open{"x", f}); err != nil {
				t.Fatal(err)
			}
		}
		var got open
		if err := b.Recv(ctx, &got); err != nil || got.Name != "x" {
			t.Fatal(err)
		}
		got.F.Close()
		if err := b.Recv(ctx, new(int)); err == nil {
			t.Error("no error")
		}
		f.Close()
		if err := a.Send(ctx, open{"y", f}); !errors.Is(err, os.ErrClosed) || errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
		if err := a.SendHandle(ctx, f); !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
		if err := errors.Join(b.Recv(ctx, &got), a.SendBytes(ctx, nil)); err != nil {
			t.Error(err)
		}
		got.F.Close()
	})
}

// PY-LISTEN-13: a socket goes through a pipe and can be used at the other end. Over TCP neither files nor ends of connections go.
func TestSockets(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	a, b := pipe(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.SendHandle(ctx, f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	got, err := b.RecvHandle(ctx)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := net.FileListener(got[0])
	got[0].Close()
	if err != nil {
		t.Fatal(err)
	}
	defer moved.Close()
	l.Close()
	go func() {
		if c, err := moved.Accept(); err == nil {
			c.Write([]byte("\x00\x00\x00\x02hi"))
			io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	c, err := connection.Dial(ctx, "tcp", moved.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p, err := c.RecvBytes(ctx); string(p) != "hi" || err != nil {
		t.Error(p, err)
	}
	if err := c.SendHandle(ctx, os.Stdin); !errors.Is(err, mp.ErrUnsupported) {
		t.Error(err)
	}
	if err := c.Send(ctx, a); !errors.Is(err, mp.ErrUnsupported) {
		t.Error(err)
	}
	if err := a.SendBytes(ctx, nil); err != nil { // a has not moved
		t.Error(err)
	}
}

// When ctx ends while there is no room for files, none is sent, and the pipe works as before.
func TestSendHandleInterrupted(t *testing.T) {
	if !shared() {
		t.Skip("a socket cannot be filled to the last byte without cutting a message short")
	}
	leak.Check(t)
	a, b := pipe(t)
	f := content(t, "text")
	defer f.Close()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, size := range []int{1 << 10, 0} {
		for err := error(nil); err == nil; {
			if err = a.SendBytes(over, make([]byte, size)); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := a.SendHandle(ctx, f); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	for err := error(nil); err == nil; {
		if _, err = b.RecvBytes(over); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	var got int
	ctx = within(t)
	if err := errors.Join(a.Send(ctx, 7), a.SendHandle(ctx, f)); err != nil {
		t.Fatal(err)
	}
	if err := b.Recv(ctx, &got); err != nil || got != 7 {
		t.Error(got, err)
	}
	if files, err := b.RecvHandle(ctx); err != nil || len(files) != 1 {
		t.Error(files, err)
	} else {
		files[0].Close()
	}
}

// With a ctx that is over, files that need not wait are sent and received every time.
func TestSendHandleOverButReady(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		a, b := pipe(t)
		f := content(t, "text")
		defer f.Close()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for i := range 1000 {
			if err := a.SendHandle(over, f); err != nil {
				t.Fatalf("file %d: %v", i, err)
			}
			files, err := b.RecvHandle(over)
			if err != nil {
				t.Fatalf("file %d: %v", i, err)
			}
			files[0].Close()
		}
	})
}
