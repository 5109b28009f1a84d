package connection_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

func TestMain(m *testing.M) { mp.TestMain(prog.Tests{M: m}) }

// patience bounds waits, so that none hangs.
const patience = 30 * time.Second

func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// point is a value with structure.
type point struct {
	Name string
	At   []float64
	Tags map[string]int
}

// What the children of these tests do with the end that they get.
var (
	EchoBytes = mp.Register("echo.bytes", func(ctx context.Context, c *connection.Conn) (int, error) {
		defer c.Close()
		for n := 0; ; n++ {
			p, err := c.RecvBytes(ctx)
			if errors.Is(err, io.EOF) {
				return n, nil
			} else if err != nil {
				return n, err
			}
			if err := c.SendBytes(ctx, p); err != nil {
				return n, err
			}
		}
	})
	EchoPoints = mp.Register("echo.points", func(ctx context.Context, c *connection.Conn) (int, error) {
		defer c.Close()
		for n := 0; ; n++ {
			var p point
			if err := c.Recv(ctx, &p); errors.Is(err, io.EOF) {
				return n, nil
			} else if err != nil {
				return n, err
			}
			if err := c.Send(ctx, p); err != nil {
				return n, err
			}
		}
	})
	EchoFloats = mp.Register("echo.floats", func(ctx context.Context, c *connection.Conn) (int, error) {
		defer c.Close()
		var p []float32
		for n := 0; ; n++ {
			if err := c.Recv(ctx, &p); errors.Is(err, io.EOF) {
				return n, nil
			} else if err != nil {
				return n, err
			}
			if err := c.Send(ctx, p); err != nil {
				return n, err
			}
		}
	})
	// Script sends "here" over the end that it gets, except with "idle", and then does what Do says.
	Script = mp.Register("script", script)
)

type task struct {
	Conn *connection.Conn
	Do   string
	Size int
}

func script(ctx context.Context, t task) (string, error) {
	c := t.Conn
	if t.Do != "idle" {
		if err := c.SendBytes(ctx, []byte("here")); err != nil {
			return "", err
		}
	}
	switch t.Do {
	case "kill":
		prog.Kill(os.Getpid())
	case "exit":
		os.Exit(3)
	case "return":
		return "returned", nil
	case "flood":
		for {
			if err := c.SendBytes(ctx, make([]byte, t.Size)); err != nil {
				return "", err
			}
		}
	case "drain":
		for {
			if _, err := c.RecvBytes(ctx); err != nil {
				return "", err
			}
		}
	case "idle", "wait":
		<-ctx.Done()
		return "", ctx.Err()
	case "hold": // receives an end over this one, and does not use it
		var got *connection.Conn
		if err := errors.Join(c.Recv(ctx, &got), c.SendBytes(ctx, []byte("has it"))); err != nil {
			return "", err
		}
		defer got.Close()
		<-ctx.Done()
		return "", ctx.Err()
	case "poll": // receives Size messages, and polls three times before each
		var got []string
		for range t.Size {
			for range 3 {
				if ready, err := c.Poll(patience); !ready || err != nil {
					return "", fmt.Errorf("ready %v: %w", ready, err)
				}
			}
			p, err := c.RecvBytes(ctx)
			if err != nil {
				return "", err
			}
			got = append(got, fmt.Sprint(len(p)))
		}
		return strings.Join(got, " "), nil
	case "look": // polls and receives in vain, and then receives a message
		for _, timeout := range []time.Duration{0, 20 * time.Millisecond} {
			if ready, err := c.Poll(timeout); ready || err != nil {
				return "", fmt.Errorf("ready within %v: %v, %w", timeout, ready, err)
			}
		}
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		for range 2 { // the second time its ctx is over
			if _, err := c.RecvBytes(short); !errors.Is(err, context.DeadlineExceeded) {
				return "", fmt.Errorf("received nothing: %w", err)
			}
		}
		if err := c.SendBytes(ctx, []byte("nothing")); err != nil {
			return "", err
		}
		p, err := c.RecvBytes(ctx)
		return string(p), err
	case "wrong way": // tries to receive at an end that only sends
		_, err := c.RecvBytes(ctx)
		return fmt.Sprint(errors.Is(err, mp.ErrUnsupported)), nil
	case "pass on": // receives an end over this one, and echoes one message over that
		var got *connection.Conn
		if err := c.Recv(ctx, &got); err != nil {
			return "", err
		}
		defer got.Close()
		p, err := got.RecvBytes(ctx)
		if err != nil {
			return "", err
		}
		return string(p), got.SendBytes(ctx, p)
	default:
		return "", fmt.Errorf("what is %q", t.Do)
	}
	panic("unreachable")
}

// start starts a script with b. Except with "idle", it returns once the script has used its end.
func start(t testing.TB, a, b *connection.Conn, do string, size int) *mp.Process[string] {
	t.Helper()
	p, err := mp.Start(t.Context(), Script, task{b, do, size}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if do == "idle" {
		return p
	}
	if s, err := a.RecvBytes(within(t)); err != nil || string(s) != "here" {
		t.Fatalf("%q, %v", s, err)
	}
	return p
}

func pipe(t testing.TB) (a, b *connection.Conn) {
	t.Helper()
	a, b, err := connection.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	return a, b
}

func pipeOneWay(t testing.TB) (r, w *connection.Conn) {
	t.Helper()
	r, w, err := connection.PipeOneWay()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		w.Close()
	})
	return r, w
}

// shared reports whether pipes are shared memory in this test.
func shared() bool { return runtime.GOOS == "linux" && os.Getenv("MP_TRANSPORT") != "socket" }

// transports runs a test with each transport that a Pipe can be asked to use.
func transports(t *testing.T, f func(t *testing.T)) {
	for _, name := range []string{"shm", "socket"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MP_TRANSPORT", name)
			f(t)
		})
	}
}
