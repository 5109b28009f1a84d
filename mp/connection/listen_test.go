package connection_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/logging"
)

// place is where to listen.
type place struct{ Network, Address string }

// places runs f with a place of each family that this system has.
func places(t *testing.T, f func(t *testing.T, p place)) {
	all := map[string]place{"tcp": {"tcp", ""}, "default": {"", ""}}
	if runtime.GOOS == "windows" {
		all["pipe"] = place{"pipe", `\\.\pipe\mp-test-` + filepath.Base(prog.TempDir(t))}
	} else {
		all["path"] = place{"unix", "path"}
	}
	if runtime.GOOS == "linux" { // PY-LISTEN-04
		all["abstract"] = place{"unix", "@mp-test-" + filepath.Base(prog.TempDir(t))}
	}
	for name, p := range all {
		t.Run(name, func(t *testing.T) {
			if p.Address == "path" {
				p.Address = filepath.Join(prog.TempDir(t), "socket")
			}
			f(t, p)
		})
	}
}

var key = []byte("a secret of both")

func listen(t *testing.T, p place, opts *connection.Options) *connection.Listener {
	t.Helper()
	if runtime.GOOS != "linux" && p == (place{}) && runtime.GOOS != "windows" {
		t.Skip("there are no abstract sockets here")
	}
	l, err := connection.Listen(p.Network, p.Address, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

type dialled struct {
	place
	Key []byte
}

// Caller dials, receives a value, sends it back, and ends.
var Caller = mp.Register("caller", func(ctx context.Context, d dialled) (int, error) {
	c, err := connection.Dial(ctx, d.Network, d.Address, &connection.Options{Key: d.Key})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if ready, err := c.Poll(patience); !ready || err != nil {
		return 0, fmt.Errorf("ready %v: %w", ready, err)
	}
	var p point
	return 1, errors.Join(c.Recv(ctx, &p), c.Send(ctx, &p))
})

// PY-LISTEN-02, PY-LISTEN-05, PY-LISTEN-07: a process dials every family; values go both ways, with a key and without.
func TestListen(t *testing.T) {
	places(t, func(t *testing.T, where place) {
		for _, key := range [][]byte{nil, {}, key} { // PY-LISTEN-03: an empty key is one
			leak.Check(t)
			ctx := within(t)
			l := listen(t, where, &connection.Options{Key: key})
			p, err := mp.Start(ctx, Caller, dialled{place{l.Network(), l.Addr()}, key}, nil)
			if err != nil {
				t.Fatal(err)
			}
			c, err := l.Accept(ctx)
			if err != nil {
				t.Fatal(err)
			}
			want := point{Name: "x", At: make([]float64, 100_000)}
			var got point
			if err := errors.Join(c.Send(ctx, &want), c.Recv(ctx, &got)); err != nil || got.Name != "x" || len(got.At) != 100_000 {
				t.Error(err)
			}
			if _, err := c.RecvBytes(ctx); !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			if n, err := p.Result(ctx); n != 1 || err != nil {
				t.Error(n, err)
			}
			c.Close()
			if err := errors.Join(l.Close(), l.Close()); err != nil {
				t.Error(err)
			}
			if _, err := l.Accept(ctx); !errors.Is(err, mp.ErrClosed) {
				t.Error(err)
			}
			if where.Network == "unix" {
				if _, err := os.Lstat(where.Address); !errors.Is(err, os.ErrNotExist) {
					t.Error("the socket is left:", err)
				}
			}
		}
	})
}

// A client with another key, with an empty key, or without a handshake is not accepted. With a wrong key, Dial fails, too.
// PY-LISTEN-08, PY-LISTEN-09
func TestWrongKey(t *testing.T) {
	logging.Off() // clients are refused
	places(t, func(t *testing.T, where place) {
		leak.Check(t)
		ctx := within(t)
		l := listen(t, where, &connection.Options{Key: key})
		for _, wrong := range []string{"another", ""} {
			_, err := connection.Dial(ctx, l.Network(), l.Addr(), &connection.Options{Key: []byte(wrong)})
			if !errors.Is(err, connection.ErrAuthentication) {
				t.Error(err)
			}
		}
		c, err := connection.Dial(ctx, l.Network(), l.Addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SendBytes(ctx, []byte("#WELCOME#")); err != nil {
			t.Error(err)
		}
		c.Close()
		accepted, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		if _, err := l.Accept(accepted); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// Clients that stall in the handshake, or flood it, do not keep out others, however many there are. PY-LISTEN-12
func TestStalledClients(t *testing.T) {
	logging.Off() // clients are refused
	leak.Check(t)
	ctx := within(t)
	l := listen(t, place{"tcp", ""}, &connection.Options{Key: key})
	for i := range 450 { // two thirds of them stall, which is more than the listener lets in
		c, err := net.Dial("tcp", l.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%3 == 1 {
			c.Write([]byte("\xff\xff\xff\xff\x00\x00\x01")) // a long frame, but not all of it
		}
		if i%3 == 2 {
			c.Write([]byte("\x7f\xff\xff\xff and so on"))
		}
	}
	accepted := make(chan error)
	go func() {
		c, err := l.Accept(ctx)
		if err == nil {
			err = errors.Join(c.SendBytes(ctx, []byte("in")), c.Close())
		}
		accepted <- err
	}()
	c, err := connection.Dial(ctx, "tcp", l.Addr(), &connection.Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p, err := c.RecvBytes(ctx); string(p) != "in" || err != nil {
		t.Error(p, err)
	}
	if err := <-accepted; err != nil {
		t.Error(err)
	}
}

// Any number of clients can wait for Accept, and none is disconnected to make room for another one.
func TestManyClients(t *testing.T) {
	for name, opts := range map[string]*connection.Options{"nothing to prove": nil, "key": {Key: key, HandshakeTimeout: time.Minute}} {
		t.Run(name, func(t *testing.T) { manyClients(t, opts) })
	}
}

func manyClients(t *testing.T, opts *connection.Options) {
	defer connection.SetHandshakeGrace(time.Minute)() // however slow the machine is
	places(t, func(t *testing.T, where place) {
		leak.Check(t)
		ctx := within(t)
		l := listen(t, where, opts)
		const many = 300
		var dialling sync.WaitGroup
		defer dialling.Wait()
		for range many {
			dialling.Go(func() {
				c, err := connection.Dial(ctx, l.Network(), l.Addr(), opts)
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				p, err := c.RecvBytes(ctx)
				if err == nil {
					err = c.SendBytes(ctx, p)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		for connection.Unaccepted(l) < 256 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		for i := range many {
			c, err := l.Accept(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.SendBytes(ctx, []byte("in")); err != nil {
				t.Fatal(i, err)
			}
			if p, err := c.RecvBytes(ctx); string(p) != "in" || err != nil {
				t.Fatal(i, p, err)
			}
		}
	})
}

// A listener that stalls does not hold up Dial for longer than its limit or its ctx.
func TestStalledListener(t *testing.T) {
	leak.Check(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = connection.Dial(within(t), "tcp", l.Addr().String(), &connection.Options{Key: key, HandshakeTimeout: 20 * time.Millisecond})
	if !errors.Is(err, mp.ErrTimeout) {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := connection.Dial(ctx, "tcp", l.Addr().String(), &connection.Options{Key: key}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// PY-LISTEN-01, PY-LISTEN-11: a second listener at an address, Dial without a listener, and invalid addresses are errors.
func TestAddresses(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	places(t, func(t *testing.T, where place) {
		l := listen(t, where, nil)
		if second, err := connection.Listen(l.Network(), l.Addr(), nil); err == nil && l.Network() == "pipe" && prog.Wine() {
			second.Close() // Wine does not reserve the name for the first listener
		} else if err == nil {
			second.Close()
			t.Error("two at one address")
		}
		l.Close()
		if _, err := connection.Dial(ctx, l.Network(), l.Addr(), nil); err == nil || !strings.Contains(err.Error(), "nobody can be reached") {
			t.Error(err)
		}
	})
	for _, bad := range []place{
		{"unix", filepath.Join(prog.TempDir(t), strings.Repeat("x", 200))},
		{"unix", filepath.Join(prog.TempDir(t), "missing", "socket")},
		{"unix", `\\.\pipe\mp`},
		{"udp", ""},
		{"tcp", "no port"},
		{"pipe", "no pipe"},
	} {
		l, err := connection.Listen(bad.Network, bad.Address, nil)
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), "mp: Listen: ") {
			t.Errorf("%v: %v", bad, err)
		}
		if _, err := connection.Dial(ctx, bad.Network, bad.Address, nil); err == nil || !strings.HasPrefix(err.Error(), "mp: Dial: ") {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if _, err := connection.Dial(ctx, "unix", "", nil); err == nil {
		t.Error("no address")
	}
}

// PY-LISTEN-06: a client that has sent and closed before Accept is still accepted, and its message received.
func TestGoneBeforeAccept(t *testing.T) {
	places(t, func(t *testing.T, where place) {
		leak.Check(t)
		ctx := within(t)
		l := listen(t, where, nil)
		c, err := connection.Dial(ctx, l.Network(), l.Addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.SendBytes(ctx, []byte("bye")), c.Close()); err != nil {
			t.Error(err)
		}
		got, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Close()
		if p, err := got.RecvBytes(ctx); string(p) != "bye" || err != nil {
			t.Error(p, err)
		}
		if _, err := got.RecvBytes(ctx); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}

// Close ends Accept, and disconnects clients that were not accepted, or are in the handshake.
func TestListenerClose(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	l := listen(t, place{"tcp", ""}, &connection.Options{Key: key})
	accepted := make(chan error)
	go func() {
		_, err := l.Accept(ctx)
		accepted <- err
	}()
	stalled, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Close()
	if _, err := stalled.Read(make([]byte, 1)); err != nil { // the listener has sent its challenge
		t.Fatal(err)
	}
	l.Close()
	if err := <-accepted; !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, stalled); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Error(err)
	}
}

// PY-LISTEN-13: an accepted connection moves to another process, with the messages that have arrived already.
func TestAcceptedMoves(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("sockets do not move here")
	}
	places(t, func(t *testing.T, where place) {
		leak.Check(t)
		ctx := within(t)
		l := listen(t, where, &connection.Options{Key: key})
		dialled := make(chan *connection.Conn)
		go func() {
			c, err := connection.Dial(ctx, l.Network(), l.Addr(), &connection.Options{Key: key})
			if err != nil {
				t.Error(err)
			} else if err := errors.Join(c.SendBytes(ctx, []byte("1")), c.SendBytes(ctx, []byte("22")), c.SendBytes(ctx, []byte("333"))); err != nil {
				t.Error(err)
			}
			dialled <- c
		}()
		got, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c := <-dialled
		if p, err := got.RecvBytes(ctx); string(p) != "1" || err != nil {
			t.Fatal(p, err)
		}
		if ready, err := got.Poll(patience); !ready || err != nil {
			t.Fatal(ready, err)
		}
		p, err := mp.Start(ctx, EchoBytes, got, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"22", "333"} {
			if p, err := c.RecvBytes(ctx); string(p) != want || err != nil {
				t.Fatalf("%q, %v", p, err)
			}
		}
		c.Close()
		if n, err := p.Result(ctx); n != 2 || err != nil {
			t.Error(n, err)
		}
	})
}
