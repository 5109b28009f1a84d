package connection_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// An end moves with an argument: it is closed here, and the other end gets io.EOF when the child has ended. PY-CONN-07
func TestMoves(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		p := mp.NewProcess(Script, task{Conn: b, Do: "return"}, nil)
		if err := b.SendBytes(ctx, nil); err == nil || !strings.Contains(err.Error(), "not sent yet") {
			t.Error("between encoding and sending:", err)
		}
		if err := mp.NewProcess(Script, task{Conn: b}, nil).Start(ctx); err == nil || !strings.Contains(err.Error(), "Conn") || !strings.Contains(err.Error(), "not sent yet") {
			t.Error("in two arguments:", err)
		}
		if err := p.Start(ctx); err != nil {
			t.Fatal(err)
		}
		for what, err := range uses(ctx, b) {
			if !errors.Is(err, mp.ErrClosed) || !strings.Contains(err.Error(), "moved") {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := b.Close(); err != nil || !strings.Contains(b.String(), "moved") {
			t.Error(err, b)
		}
		if err := a.Send(ctx, b); err == nil || !strings.Contains(err.Error(), "moved") {
			t.Error("sent again:", err)
		}
		if s, err := a.RecvBytes(ctx); string(s) != "here" || err != nil {
			t.Error(s, err)
		}
		if _, err := a.RecvBytes(ctx); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		p.Join(ctx)
	})
}

// LookQueued runs the script "look" with an end that it gets from a queue.
var LookQueued = mp.Register("look.queued", func(ctx context.Context, q *mp.Queue[*connection.Conn]) (string, error) {
	c, err := q.Get(ctx)
	if err != nil {
		return "", err
	}
	return script(ctx, task{Conn: c, Do: "look"})
})

// In the process where an end arrives, a ctx ends calls that wait, even if the end was never used before.
func TestMovesUnused(t *testing.T) {
	if prog.Wine() {
		t.Skip("Wine takes no pipe from a completion port")
	}
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		q, err := mp.NewQueue[*connection.Conn](0)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		for _, start := range []func(b *connection.Conn) (*mp.Process[string], error){
			func(b *connection.Conn) (*mp.Process[string], error) {
				return mp.Start(ctx, Script, task{Conn: b, Do: "look"}, nil)
			},
			func(b *connection.Conn) (*mp.Process[string], error) {
				if err := q.Put(ctx, b); err != nil {
					return nil, err
				}
				return mp.Start(ctx, LookQueued, q, nil)
			},
		} {
			a, b := pipe(t)
			p, err := start(b)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"here", "nothing"} {
				if s, err := a.RecvBytes(ctx); string(s) != want || err != nil {
					t.Error(s, err)
				}
			}
			if err := a.SendBytes(ctx, []byte("something")); err != nil {
				t.Error(err)
			}
			if s, err := p.Result(ctx); s != "something" || err != nil {
				t.Error(s, err)
			}
		}
	})
}

// If a process is not started, or a message not sent, the end that was to move with it stays usable here.
func TestStays(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		stays(t, b, a)
		p := mp.NewProcess(Script, task{Conn: b}, nil)
		over, cancel := context.WithCancel(ctx)
		cancel()
		if err := p.Start(over); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := a.Send(ctx, struct {
			C *connection.Conn
			F any
		}{b, make(chan int)}); err == nil { // the end is encoded before the channel, which cannot be
			t.Error("no error")
		}
		var got int
		if err := errors.Join(a.Send(ctx, 3), b.Recv(ctx, &got)); got != 3 || err != nil {
			t.Error(got, err)
		}
		stays(t, b, a)
	})
}

// stays checks that x works as any end does: a ctx ends a call that waits, and messages of y arrive.
func stays(t *testing.T, x, y *connection.Conn) {
	t.Helper()
	ended := make(chan error, 2) // room for both, so that the goroutine ends even if the test fails
	go func() {
		ready, err := x.Poll(0)
		ended <- errors.Join(err, unless(!ready, "ready"))
		short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err = x.RecvBytes(short)
		ended <- unless(errors.Is(err, context.DeadlineExceeded), fmt.Sprint("received nothing: ", err))
	}()
	for range 2 {
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-within(t).Done():
			t.Fatal("it waits for ever")
		}
	}
	if err := y.SendBytes(within(t), []byte("abc")); err != nil {
		t.Error(err)
	}
	if s, err := x.RecvBytes(within(t)); string(s) != "abc" || err != nil {
		t.Error(s, err)
	}
}

func unless(ok bool, text string) error {
	if ok {
		return nil
	}
	return errors.New(text)
}

// An end moves over another Conn, even if it was used and has messages on their way to it.
func TestMovesOverConn(t *testing.T) {
	if runtime.GOOS == "windows" {
		leak.Check(t)
		a, _ := pipe(t)
		x, y := pipe(t)
		stays(t, x, y)
		if err := a.Send(within(t), x); !errors.Is(err, mp.ErrUnsupported) {
			t.Error(err)
		}
		stays(t, x, y)
		return
	}
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		p := start(t, a, b, "pass on", 0)
		x, y := pipe(t)
		for i := range 5 {
			if err := errors.Join(x.SendBytes(ctx, make([]byte, 100_000)), y.SendBytes(ctx, nil)); err != nil {
				t.Fatal(err)
			}
			if i < 4 {
				if _, err := y.RecvBytes(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := y.RecvBytes(ctx); err != nil {
			t.Fatal(err)
		}
		if err := x.SendBytes(ctx, []byte("on its way")); err != nil {
			t.Fatal(err)
		}
		if ready, err := y.Poll(patience); !ready || err != nil { // y has seen the message before it moves
			t.Fatal(ready, err)
		}
		if err := a.Send(ctx, y); err != nil {
			t.Fatal(err)
		}
		if s, err := p.Result(ctx); s != "on its way" || err != nil {
			t.Error(s, err)
		}
		for i := range 6 {
			if s, err := x.RecvBytes(ctx); err != nil || i == 5 && string(s) != "on its way" {
				t.Error(i, s, err)
			}
		}
		if _, err := x.RecvBytes(ctx); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}

// If a process is killed while an end is on its way to it, or before it has used the end, the other end gets io.EOF.
// TestKillInPassing of package odd kills at every system call.
func TestDiesWithAnEnd(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("ends do not go over a Conn here")
	}
	transports(t, func(t *testing.T) {
		for _, do := range []string{"idle", "wait", "hold"} { // the process has not opened b; it has not received y; it has y
			leak.Check(t)
			ctx := within(t)
			a, b := pipe(t)
			p := start(t, a, b, do, 0)
			x, y := pipe(t)
			if err := errors.Join(x.SendBytes(ctx, nil), a.Send(ctx, y)); err != nil {
				t.Fatal(err)
			}
			if do == "hold" {
				if s, err := a.RecvBytes(ctx); string(s) != "has it" || err != nil {
					t.Fatal(s, err)
				}
			}
			received := make(chan error)
			go func() {
				_, err := x.RecvBytes(ctx)
				received <- err
			}()
			prog.Kill(p.Pid())
			if err := <-received; !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v", do, err)
			}
			if err := x.SendBytes(ctx, nil); !errors.Is(err, mp.ErrClosed) {
				t.Errorf("%s: %v", do, err)
			}
			p.Join(ctx)
		}
	})
}

// Files that have arrived at an end and were not received are not lost when it moves: they move with it, or it cannot move
// before they are received.
func TestMovesWithFilesUnread(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no files go over a Conn here")
	}
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		x, y := pipe(t)
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := errors.Join(y.SendBytes(ctx, []byte("first")), y.SendHandle(ctx, f)); err != nil {
			t.Fatal(err)
		}
		if p, err := x.RecvBytes(ctx); string(p) != "first" || err != nil {
			t.Error(p, err)
		}
		if err := a.Send(ctx, x); err == nil {
			if err := b.Recv(ctx, &x); err != nil {
				t.Fatal(err)
			}
			defer x.Close()
		} else if !strings.Contains(err.Error(), "a message with files has arrived at it") {
			t.Error(err)
		}
		got, err := x.RecvHandle(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range got {
			f.Close()
		}
		if err := a.Send(ctx, x); err != nil {
			t.Error(err)
		}
		if err := b.Recv(ctx, &x); err != nil {
			t.Fatal(err)
		}
		x.Close()
	})
}

// Moves that make no sense are refused, and leave the ends as they were.
func TestCannotMove(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		a, b := pipe(t)
		for _, v := range []any{a, b, []*connection.Conn{a}, struct{ C *connection.Conn }{b}} {
			if err := a.Send(ctx, v); err == nil || !strings.Contains(err.Error(), "through this connection itself") {
				t.Errorf("%T: %v", v, err)
			}
		}
		x, y := pipe(t)
		if err := a.Send(ctx, []*connection.Conn{x, x}); err == nil {
			t.Error("one end twice in a message")
		}
		if err := a.Send(ctx, struct{ V any }{x}); err == nil {
			t.Error("an end in an any")
		}
		if _, err := json.Marshal(x); !errors.Is(err, mp.ErrUnsupported) {
			t.Error(err)
		}
		if err := x.SendBytes(ctx, []byte("abc")); err != nil {
			t.Error(err)
		}
		if runtime.GOOS == "windows" {
			return
		}
		waiting := make(chan error)
		receive, cancel := context.WithCancel(ctx)
		for {
			go func(c *connection.Conn) {
				var got int
				waiting <- c.Recv(receive, &got)
			}(x)
			err := a.Send(ctx, x)
			if err != nil {
				if !strings.Contains(err.Error(), "in use") {
					t.Error(err)
				}
				break
			}
			<-waiting // the Recv came too late to keep x in use
			if err := b.Recv(ctx, &x); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		<-waiting
		if p, err := y.RecvBytes(ctx); string(p) != "abc" || err != nil {
			t.Error(p, err)
		}
		x.Close()
	})
}

var (
	// Give makes a pipe and returns one end; the other one says hello.
	Give = mp.Register("give", func(ctx context.Context, _ int) (*connection.Conn, error) {
		a, b, err := connection.Pipe()
		if err != nil {
			return nil, err
		}
		return b, errors.Join(a.SendBytes(ctx, []byte("hello")), a.Close())
	})
	// Hello sends N over its end; if it Waits, once it has received a message. If the file Once is missing, Hello makes it and
	// dies instead.
	Hello = mp.Register("hello", func(ctx context.Context, h greeting) (int, error) {
		if h.Once != "" {
			if f, err := os.OpenFile(h.Once, os.O_CREATE|os.O_EXCL, 0o600); err == nil {
				f.Close()
				os.Exit(1)
			}
		}
		if h.Waits {
			var word string
			if err := h.Conn.Recv(ctx, &word); err != nil {
				return 0, err
			}
		}
		return h.N, h.Conn.Send(ctx, h.N)
	})
)

type greeting struct {
	Conn  *connection.Conn
	N     int
	Once  string
	Waits bool
}

// Ends move in the items and results of a pool.
func TestMovesInPools(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		p, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		const n = 20
		var items []greeting
		var ours []*connection.Conn
		for i := range n {
			a, b := pipe(t)
			ours, items = append(ours, a), append(items, greeting{Conn: b, N: i})
		}
		if _, err := mp.Map(ctx, p, Hello, items[:n/2]); err != nil {
			t.Fatal(err)
		}
		for i := n / 2; i < n; i++ {
			if _, err := mp.Submit(ctx, p, Hello, items[i]).Wait(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for i, c := range ours {
			var got int
			if err := c.Recv(ctx, &got); got != i || err != nil {
				t.Error(i, got, err)
			}
			items[i].Conn.Close()
		}
		given, err := mp.Map(ctx, p, Give, []int{1, 2, 3})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range given {
			if s, err := c.RecvBytes(ctx); string(s) != "hello" || err != nil {
				t.Error(s, err)
			}
			if _, err := c.RecvBytes(ctx); !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			c.Close()
		}
	})
}

// Behind a slow item, no item whose end has already moved to one worker is given to another.
func TestMovesBehindSlowItem(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		p, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		const n, slow = 200, 100
		items := make([]greeting, n)
		ours := make([]*connection.Conn, n)
		for i := range n {
			ours[i], items[i].Conn = pipe(t)
			items[i].N = i
		}
		items[slow].Waits = true
		mapped := make(chan error)
		go func() {
			_, err := mp.Map(ctx, p, Hello, items, mp.ChunkSize(10))
			mapped <- err
		}()
		for i, c := range ours {
			if i == slow {
				continue
			}
			var got int
			if err := c.Recv(ctx, &got); got != i || err != nil {
				t.Error(i, got, err)
			}
		}
		if err := ours[slow].Send(ctx, "go on"); err != nil {
			t.Error(err)
		}
		if err := <-mapped; err != nil {
			t.Error(err)
		}
	})
}

// An item whose worker has died with the item's end is not retried, and the other end gets io.EOF.
func TestMovedAndRetried(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		p, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1, Retries: 3})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for i, call := range []func(h greeting) error{
			func(h greeting) error { _, err := mp.Map(ctx, p, Hello, []greeting{h}); return err },
			func(h greeting) error { _, err := mp.Submit(ctx, p, Hello, h).Wait(ctx); return err },
		} {
			a, b := pipe(t)
			err := call(greeting{Conn: b, N: 1, Once: filepath.Join(prog.TempDir(t), fmt.Sprint(i))})
			if err == nil || !strings.Contains(err.Error(), "at a time") {
				t.Error(err)
			}
			if _, err := a.RecvBytes(ctx); !errors.Is(err, io.EOF) {
				t.Error(err)
			}
		}
	})
}

var Keep = mp.RegisterInit("keep", func(context.Context, *connection.Conn) error { return nil })

// An end cannot be in an initializer's argument, which goes to every worker.
func TestInitializer(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	a, b := pipe(t)
	p, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2, Init: Keep.With(b)})
	if err == nil {
		p.Close()
		t.Fatal("no error")
	}
	var got int
	if e := errors.Join(a.Send(ctx, 1), b.Recv(ctx, &got)); e != nil || !strings.Contains(err.Error(), "every worker") {
		t.Error(err, e)
	}
}

// 100 ends, with all their descriptors, move to one process in one argument.
func TestManyPipes(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		var ours, theirs []*connection.Conn
		for range 100 {
			a, b := pipe(t)
			ours, theirs = append(ours, a), append(theirs, b)
		}
		p, err := mp.Start(ctx, Each, theirs, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range ours {
			var got int
			if err := c.Recv(ctx, &got); got != i || err != nil {
				t.Error(i, got, err)
			}
		}
		p.Join(ctx)
	})
}

var Each = mp.Register("each", func(ctx context.Context, all []*connection.Conn) (int, error) {
	for i, c := range all {
		if err := c.Send(ctx, i); err != nil {
			return i, err
		}
	}
	return len(all), nil
})
