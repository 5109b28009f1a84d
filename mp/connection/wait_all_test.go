package connection_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// things belong to one process; the same process or another one waits for them.
type things struct {
	Queue *queue.Queue[int]
	Event *synchronize.Event
}

func newThings() (x things, err error) {
	var errs [2]error
	x.Queue, errs[0] = queue.New[int](0)
	x.Event, errs[1] = synchronize.NewEvent()
	return x, errors.Join(errs[:]...)
}

// names returns a letter for each of ready: q for the queue, e for the event.
func (x things) names(ready []connection.Waitable) string {
	var s strings.Builder
	for _, w := range ready {
		switch w {
		case x.Queue:
			s.WriteString("q")
		case x.Event:
			s.WriteString("e")
		}
	}
	return s.String()
}

// do does what a word says.
func (x things) do(ctx context.Context, word string) error {
	switch word {
	case "put":
		return x.Queue.Put(ctx, 7)
	case "get":
		v, err := x.Queue.TryGet()
		if err == nil && v != 7 {
			err = errors.New("the item is another one")
		}
		return err
	case "set":
		return x.Event.Set()
	case "clear":
		return x.Event.Clear()
	case "close q":
		return x.Queue.Close()
	case "close e":
		return x.Event.Close()
	}
	return errors.New(word)
}

// over is a ctx that has ended.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// waits waits for x, sends what is ready, and receives a word; again and again, until the word is empty.
func waits(ctx context.Context, x things, c *connection.Conn) error {
	for _, w := range []connection.Waitable{x.Queue, x.Event} {
		if ready, err := connection.Wait(over, w); len(ready) > 0 || !errors.Is(err, context.Canceled) {
			return errors.Join(errors.New("something is ready"), err)
		}
	}
	word := "waiting"
	if err := c.Send(ctx, word); err != nil {
		return err
	}
	for word != "" {
		ready, err := connection.Wait(ctx, x.Queue, x.Event, x.Queue)
		if err != nil {
			return err
		}
		if err := errors.Join(c.Send(ctx, x.names(ready)), c.Recv(ctx, &word)); err != nil {
			return err
		}
	}
	return nil
}

// does receives words, does with x what they say, and sends each back when it is done. An empty word ends it.
func does(ctx context.Context, x things, c *connection.Conn) error {
	for {
		var word string
		if err := c.Recv(ctx, &word); err != nil || word == "" {
			return err
		}
		if err := errors.Join(x.do(ctx, word), c.Send(ctx, word)); err != nil {
			return err
		}
	}
}

type errand struct {
	Things things
	Conn   *connection.Conn
}

var (
	// Waits waits for the things of another process.
	Waits = mp.Register("waits", func(ctx context.Context, e errand) (int, error) { return 0, waits(ctx, e.Things, e.Conn) })
	// Has makes things, sends them over the connection, and does with them what it is told.
	Has = mp.Register("has", func(ctx context.Context, c *connection.Conn) (int, error) {
		x, err := newThings()
		if err != nil {
			return 0, err
		}
		return 0, errors.Join(c.Send(ctx, x), does(ctx, x, c))
	})
)

// has makes things, in this process or elsewhere in the process p. do has something done with them where they are.
func has(t *testing.T, elsewhere bool) (x things, do func(word string) error, p *mp.Process[int]) {
	t.Helper()
	ctx := within(t)
	if !elsewhere {
		x, err := newThings()
		if err != nil {
			t.Fatal(err)
		}
		return x, func(word string) error { return x.do(ctx, word) }, nil
	}
	a, b := pipe(t)
	p, err := mp.Start(ctx, Has, b, nil)
	if err == nil {
		err = a.Recv(ctx, &x)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		<-p.Done()
	})
	return x, func(word string) error { return errors.Join(a.Send(ctx, word), a.Recv(ctx, &word)) }, p
}

// Square squares.
var Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

// A listener is ready while a client waits for Accept; Wait leaves the client there. A future, a ctx and a channel are ready for
// ever once they have ended.
func TestWaitOthers(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	l := listen(t, place{"tcp", ""}, &connection.Options{Key: key})
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	q, err := mp.NewJoinableQueue[int](1)
	if err != nil {
		t.Fatal(err)
	}
	gate, ended := make(chan struct{}), make(chan struct{})
	f := mp.Submit(ctx, pool, Square, 7)
	life, end := context.WithCancel(ctx)
	all := []connection.Waitable{l, gate, life, q, (<-chan struct{})(ended), f}
	expect := func(want ...connection.Waitable) {
		t.Helper()
		for {
			ready, err := connection.Wait(ctx, all...)
			if err != nil || len(ready) > len(want) {
				t.Fatalf("%v, %v", ready, err)
			}
			if slices.Equal(ready, want) {
				return
			}
		}
	}
	expect(f)
	if n, err := f.Wait(ctx); n != 49 || err != nil {
		t.Error(n, err)
	}
	dialled := make(chan error)
	go func() {
		c, err := connection.Dial(ctx, l.Network(), l.Addr(), &connection.Options{Key: key})
		if err == nil {
			err = c.Close()
		}
		dialled <- err
	}()
	expect(l, f)
	close(gate)
	expect(l, gate, f)
	end()
	expect(l, gate, life, f)
	if err := q.Put(ctx, 1); err != nil {
		t.Error(err)
	}
	expect(l, gate, life, q, f)
	close(ended)
	expect(all...)
	c, err := l.Accept(ctx)
	if err := errors.Join(err, <-dialled); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := q.Get(ctx); err != nil {
		t.Error(err)
	}
	expect(gate, life, (<-chan struct{})(ended), f)
	l.Close()
	q.Close()
	expect(all...)
}

// Wait works in this process and in another one, for queues and events of this process and of another one. It returns all that
// are ready, and takes nothing. Closed queues and events are ready.
func TestWaitThings(t *testing.T) {
	transports(t, func(t *testing.T) {
		for name, elsewhere := range map[string][2]bool{"here": {}, "of another": {true, false}, "in another": {false, true}, "of another in another": {true, true}} {
			t.Run(name, func(t *testing.T) {
				leak.Check(t)
				ctx := within(t)
				x, do, _ := has(t, elsewhere[0])
				defer x.Event.Close()
				defer x.Queue.Close()
				a, b := pipe(t)
				ended := make(chan error)
				if elsewhere[1] {
					p, err := mp.Start(ctx, Waits, errand{x, b}, nil)
					if err != nil {
						t.Fatal(err)
					}
					go func() {
						_, err := p.Result(ctx)
						ended <- err
					}()
				} else {
					go func() { ended <- waits(ctx, x, b) }()
				}
				hears := func(want string) {
					t.Helper()
					var got string
					err := a.Recv(ctx, &got)
					asks := elsewhere[0] || elsewhere[1] // two processes are involved, and an answer may come too late for this Wait
					for err == nil && asks && got != "" && len(got) < len(want) {
						err = errors.Join(a.Send(ctx, "go on"), a.Recv(ctx, &got))
					}
					if got != want || err != nil {
						t.Fatalf("%q instead of %q, %v", got, want, err)
					}
				}
				hears("waiting")
				for i, step := range []struct{ undo, do, want string }{
					{"", "put", "qq"},
					{"get", "set", "e"},
					{"", "put", "qeq"},
					{"clear", "close q", "qq"}, // there is an item in it
					{"", "get", "qq"},
					{"", "close e", "qeq"},
				} {
					for _, word := range []string{step.undo, step.do} {
						if word == "" {
							continue
						}
						if err := do(word); err != nil {
							t.Fatal(i, word, err)
						}
					}
					if i > 0 { // the next Wait begins after this word
						if err := a.Send(ctx, "go on"); err != nil {
							t.Fatal(i, err)
						}
					}
					hears(step.want)
				}
				if err := errors.Join(a.Send(ctx, ""), <-ended); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// Wait does not panic for a Waitable that is nil or was never made.
func TestWaitForNothing(t *testing.T) {
	leak.Check(t)
	for _, w := range []connection.Waitable{
		nil, (*mp.Conn)(nil), (*mp.Queue[int])(nil), (*synchronize.Event)(nil), (*connection.Listener)(nil), (*mp.Future[int])(nil),
	} {
		if ready, err := connection.Wait(within(t), w); err == nil || !strings.Contains(err.Error(), "nil") {
			t.Errorf("%T: %v, %v", w, ready, err)
		}
	}
	for _, w := range []connection.Waitable{new(mp.Queue[int]), new(synchronize.Event), new(connection.Listener)} {
		if ready, err := connection.Wait(within(t), w); len(ready) != 1 || err != nil {
			t.Errorf("%T: %v, %v", w, ready, err)
		}
	}
	var l connection.Listener
	if _, err := l.Accept(t.Context()); !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
