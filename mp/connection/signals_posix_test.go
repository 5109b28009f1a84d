//go:build unix

package connection_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// large is more bytes than the buffers between two ends hold.
const large = 8 << 20

var (
	// Disturbed handles signals, receives a value, sends it back, and sends a message that waits for its receiver.
	Disturbed = mp.Register("disturbed", disturbed(func(ctx context.Context, c *connection.Conn) error {
		var n int
		return errors.Join(c.Send(ctx, "ready"), c.Recv(ctx, &n), c.Send(ctx, n), c.SendBytes(ctx, bytes.Repeat([]byte("x"), large)))
	}))
	// DisturbedListener handles signals and welcomes one client.
	DisturbedListener = mp.Register("disturbed.listener", disturbed(func(ctx context.Context, c *connection.Conn) error {
		l, err := connection.Listen("", "", &connection.Options{Key: key})
		if err != nil {
			return err
		}
		defer l.Close()
		if err := c.Send(ctx, l.Addr()); err != nil {
			return err
		}
		a, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		defer a.Close()
		return a.Send(ctx, "welcome")
	}))
)

// disturbed makes a function that runs do and returns how many signals came meanwhile. It waits for at least one.
func disturbed(do func(ctx context.Context, c *connection.Conn) error) func(ctx context.Context, c *connection.Conn) (int, error) {
	return func(ctx context.Context, c *connection.Conn) (n int, err error) {
		heard, first, counted := make(chan os.Signal, 1), make(chan struct{}), make(chan int)
		signal.Notify(heard, syscall.SIGUSR1)
		go func() {
			n := 0
			for range heard {
				if n++; n == 1 {
					close(first)
				}
			}
			counted <- n
		}()
		err = do(ctx, c)
		select {
		case <-first:
		case <-ctx.Done():
		}
		signal.Stop(heard)
		close(heard)
		return <-counted, err
	}
}

// disturb sends a process signals, one after the other, until the test ends it. The first was sent when it returns.
func disturb(pid int) (end func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	syscall.Kill(pid, syscall.SIGUSR1)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Microsecond): // so that others run, too, if there is one processor
				syscall.Kill(pid, syscall.SIGUSR1)
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

// PY-CONN-16: signals that come while a process receives, or waits in a send, lose and break nothing.
func TestSignals(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		p, err := mp.Start(ctx, Disturbed, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		var word string
		if err := a.Recv(ctx, &word); word != "ready" || err != nil {
			t.Fatal(word, err)
		}
		end := disturb(p.Pid())
		defer func() {
			if n, err := p.Result(ctx); n == 0 || err != nil {
				t.Error(n, err)
			}
		}()
		defer end()
		var n int
		if err := errors.Join(a.Send(ctx, 1234), a.Recv(ctx, &n)); n != 1234 || err != nil {
			t.Error(n, err)
		}
		if ready, err := a.Poll(patience); !ready || err != nil { // the large message is under way
			t.Error(ready, err)
		}
		if got, err := a.RecvBytes(ctx); len(got) != large || len(bytes.Trim(got, "x")) > 0 || err != nil {
			t.Error(len(got), err)
		}
	})
}

// PY-CONN-16: signals that come while a process accepts break nothing.
func TestSignalsAtListener(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	a, b := pipe(t)
	p, err := mp.Start(ctx, DisturbedListener, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	var address, word string
	if err := a.Recv(ctx, &address); err != nil {
		t.Fatal(err)
	}
	end := disturb(p.Pid())
	c, err := connection.Dial(ctx, "", address, &connection.Options{Key: key})
	if err == nil {
		err = errors.Join(c.Recv(ctx, &word), c.Close())
	}
	end()
	if n, e := p.Result(ctx); n == 0 || word != "welcome" || errors.Join(err, e) != nil {
		t.Error(n, word, err, e)
	}
}
