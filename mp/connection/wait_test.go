package connection_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

var Ten = mp.Register("ten", func(ctx context.Context, w *connection.Conn) (int, error) {
	for i := range 10 {
		if err := w.Send(ctx, i); err != nil {
			return i, err
		}
	}
	return 10, w.Close()
})

// PY-WAIT-01: with Wait for several readers, all messages arrive, and then the end of each.
func TestWait(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		var open []connection.Waitable
		var processes []*mp.Process[int]
		for range 4 {
			r, w, err := connection.PipeOneWay()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			p, err := mp.Start(ctx, Ten, w, nil)
			if err != nil {
				t.Fatal(err)
			}
			open, processes = append(open, r), append(processes, p)
		}
		messages := 0
		for len(open) > 0 {
			ready, err := connection.Wait(ctx, open...)
			if err != nil || len(ready) == 0 {
				t.Fatal(ready, err)
			}
			for _, r := range ready {
				var n int
				if err := r.(*connection.Conn).Recv(ctx, &n); errors.Is(err, io.EOF) {
					open = slices.DeleteFunc(open, func(w connection.Waitable) bool { return w == r })
				} else if err != nil {
					t.Fatal(err)
				} else {
					messages++
				}
			}
		}
		if messages != 40 {
			t.Error(messages)
		}
		for _, p := range processes {
			p.Join(ctx)
		}
	})
}

// PY-WAIT-03, PY-WAIT-04, PY-WAIT-05: Wait for processes among connections returns all that are ready, in order. With a ctx that
// is over, it only looks.
func TestWaitMixed(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		c, d := pipe(t)
		x, y := pipe(t)
		p := start(t, x, y, "drain", 0)
		over, cancel := context.WithCancel(ctx)
		cancel()
		soon, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		for _, ended := range []context.Context{over, soon} {
			if ready, err := connection.Wait(ended, a, p, c); len(ready) > 0 || !errors.Is(err, ended.Err()) || ended.Err() == nil {
				t.Error(ready, err)
			}
		}
		expect := func(ctx context.Context, want ...connection.Waitable) {
			t.Helper()
			if ready, err := connection.Wait(ctx, a, p, c); !slices.Equal(ready, want) || err != nil {
				t.Errorf("%v instead of %v, %v", ready, want, err)
			}
		}
		go d.Send(ctx, 1)
		expect(ctx, c)
		expect(over, c)
		x.Close()
		<-p.Done()
		expect(ctx, p, c)
		if err := b.SendBytes(ctx, nil); err != nil {
			t.Error(err)
		}
		expect(ctx, a, p, c)
		c.Close()
		d.Close()
		expect(ctx, a, p, c) // a closed end is ready, too
	})
}

// PY-WAIT-06: Wait takes more Waitables than Windows can wait for at once; PY-CONN-11: and also none.
func TestWaitMany(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	var all []connection.Waitable
	var last *connection.Conn
	for range 130 {
		a, b := pipe(t)
		all, last = append(all, a), b
	}
	time.AfterFunc(time.Millisecond, func() { last.Send(ctx, 1) })
	if ready, err := connection.Wait(ctx, all...); len(ready) != 1 || ready[0] != all[129] || err != nil {
		t.Error(ready, err)
	}
	soon, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if ready, err := connection.Wait(soon); len(ready) != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(ready, err)
	}
}

// Wait takes nothing from a Recv at the same time, and returns at the end at the latest.
func TestWaitBesideRecv(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		received := make(chan error)
		go func() {
			for want := 0; ; want++ {
				var n int
				switch err := b.Recv(ctx, &n); {
				case errors.Is(err, io.EOF) && want == 100:
					received <- nil
					return
				case err != nil || n != want:
					received <- fmt.Errorf("got %d instead of %d: %w", n, want, err)
					return
				}
			}
		}()
		waited := make(chan error)
		go func() {
			_, err := connection.Wait(ctx, b)
			waited <- err
		}()
		for i := range 100 {
			if err := a.Send(ctx, i); err != nil {
				t.Error(err)
			}
		}
		a.Close()
		if err := <-received; err != nil {
			t.Error(err)
		}
		if err := <-waited; err != nil {
			t.Error(err)
		}
	})
}

// PY-WAIT-02: Wait works for sockets and pipes of the system, also for the same one several times, and while it is read.
func TestWaitSockets(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var socks []connection.Waitable
	var theirs []net.Conn
	for range 4 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		socks, theirs = append(socks, s), append(theirs, c)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if runtime.GOOS == "windows" {
		if _, err := connection.Wait(ctx, socks...); !errors.Is(err, mp.ErrUnsupported) {
			t.Error(err)
		}
		return
	}
	socks = append(socks, r)
	all := socks
	if ready, err := connection.Wait(over, all...); len(ready) > 0 || !errors.Is(err, context.Canceled) {
		t.Fatal(ready, err)
	}
	for _, step := range []struct {
		who  int
		do   func() error
		read int
	}{
		{0, func() error { _, err := theirs[0].Write([]byte("abc")); return err }, 3},
		{1, func() error { _, err := theirs[1].Write([]byte("a")); return err }, 1},
		{4, func() error { _, err := w.Write([]byte("ab")); return err }, 2},
		{0, theirs[0].Close, 0},
		{4, w.Close, 0},
	} {
		did := make(chan error)
		time.AfterFunc(time.Millisecond, func() { did <- step.do() })
		ready, err := connection.Wait(ctx, all...)
		if err := errors.Join(err, <-did); err != nil || len(ready) != 1 || ready[0] != socks[step.who] {
			t.Fatal(step.who, ready, err)
		}
		n, err := ready[0].(io.Reader).Read(make([]byte, 5))
		if n != step.read || (err == nil) != (n > 0) {
			t.Error(step.who, n, err)
		}
		if err != nil { // the stream has ended
			all = slices.DeleteFunc(slices.Clone(all), func(w connection.Waitable) bool { return w == ready[0] })
		}
	}
	s := socks[1].(net.Conn)
	read := make(chan error)
	go func() {
		_, err := s.Read(make([]byte, 1))
		read <- err
	}()
	soon, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if ready, err := connection.Wait(soon, s, s, r, s); !slices.Equal(ready, []connection.Waitable{r}) || err != nil {
		t.Error(ready, err)
	}
	if ready, err := connection.Wait(soon, s, s); len(ready) > 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(ready, err)
	}
	if err := s.SetReadDeadline(time.Now()); err != nil {
		t.Error(err)
	}
	if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) { // Wait and Read do not disturb each other
		t.Error(err)
	}
	s.Close()
	if ready, err := connection.Wait(over, s); len(ready) != 1 || err != nil {
		t.Error(ready, err)
	}
}

func TestWaitMisuse(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	r, w, err := connection.PipeOneWay()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, bad := range []connection.Waitable{nil, (*connection.Conn)(nil), w, 5, []connection.Waitable{r}} {
		if _, err := connection.Wait(ctx, r, bad); err == nil || !strings.HasPrefix(err.Error(), "mp: Wait") {
			t.Error(err)
		}
	}
}

// A ctx that ends because something else was closed makes nothing ready.
func TestReadyCauseOfOthers(t *testing.T) {
	leak.Check(t)
	a, b, err := connection.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("something else: %w", mp.ErrClosed))
	if ready, err := a.Ready(ctx, true); ready || !errors.Is(err, context.Canceled) {
		t.Error(ready, err)
	}
}
