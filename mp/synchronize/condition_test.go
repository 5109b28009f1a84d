package synchronize_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// ordered is the argument of Obey: a condition and its lock, and the connection that brings orders.
type ordered struct {
	Lock      *synchronize.Lock
	Condition *synchronize.Condition
	Orders    *connection.Conn
}

// Obey carries out orders, and reports how each one ended, until the connection ends.
var Obey = mp.Register("obey", func(ctx context.Context, o ordered) (int, error) {
	waits, cancel := context.WithCancel(ctx)
	defer cancel()
	waited := make(chan error, 1)
	c := o.Condition
	for {
		order, err := o.Orders.RecvBytes(ctx)
		if err != nil {
			return 0, nil
		}
		switch string(order) {
		case "acquire":
			err = c.Acquire(ctx)
		case "acquire the lock":
			err = o.Lock.Acquire(ctx)
		case "acquire later":
			go func() { waited <- c.Acquire(waits) }()
		case "wait":
			go func() { waited <- c.Wait(waits) }()
		case "cancel":
			cancel()
		case "close":
			err = c.Close()
		case "waited":
			err = <-waited
		case "release":
			err = c.Release()
		default:
			err = errors.New("what is that?")
		}
		if err := o.Orders.SendBytes(ctx, []byte(said(err))); err != nil {
			return 0, err
		}
	}
})

// said is an error in a word.
func said(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, mp.ErrClosed):
		return "closed"
	case errors.Is(err, synchronize.ErrNotHeld):
		return "not held"
	}
	return err.Error()
}

// obedient makes a lock and a condition, and starts a process that obeys. tell sends it an order and returns its answer, which
// has to be one of want.
func obedient(t *testing.T) (l *synchronize.Lock, c *synchronize.Condition, tell func(order string, want ...string) string) {
	t.Helper()
	l = made(synchronize.NewLock())(t)
	c = made(synchronize.NewCondition(l))(t)
	ours, theirs, err := connection.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := mp.Start(t.Context(), Obey, ordered{l, c, theirs}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ours.Close()
		p.Close()
	})
	return l, c, func(order string, want ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := ours.SendBytes(ctx, []byte(order)); err != nil {
			t.Fatal(order, err)
		}
		got, err := ours.RecvBytes(ctx)
		if !slices.Contains(want, string(got)) || err != nil {
			t.Fatalf("%s: %q, %v; expected was %q", order, got, err, want)
		}
		return string(got)
	}
}

// waitsThere makes the process wait for the condition.
func waitsThere(t *testing.T, c *synchronize.Condition, tell func(order string, want ...string) string) {
	t.Helper()
	tell("acquire", "done")
	tell("wait", "done")
	until(t, "it waits", func() bool { return c.String() == "<Condition waiting=1>" })
}

// isFree checks that the lock is free, or soon will be: no process has it without knowing.
func isFree(t *testing.T, l *synchronize.Lock) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := errors.Join(l.Acquire(ctx), l.Release()); err != nil {
		t.Fatalf("%v: %v", l, err)
	}
}

// notifyHere checks that a notification wakes a waiter of this process.
func notifyHere(t *testing.T, c *synchronize.Condition) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	woken := make(chan error)
	go func() {
		err := c.Acquire(ctx)
		if err == nil {
			err = errors.Join(c.Wait(ctx), c.Release())
		}
		woken <- err
	}()
	until(t, "we wait", func() bool { return c.String() == "<Condition waiting=1>" })
	if err := errors.Join(c.Acquire(ctx), c.Notify(1), c.Release()); err != nil {
		t.Error(err)
	}
	if err := <-woken; err != nil {
		t.Error(err)
	}
}

// Close in another process ends the Wait there, which gives the lock up and takes no notification from others. If its ctx ends
// right after Close, the Wait may return ctx's error instead, with the lock.
func TestCloseOfAConditionThatWaits(t *testing.T) {
	for _, both := range []bool{false, true} {
		t.Run(fmt.Sprintf("ctx ends %v", both), func(t *testing.T) {
			leak.Check(t)
			l, c, tell := obedient(t)
			waitsThere(t, c, tell)
			tell("close", "done")
			want := []string{"closed"}
			if both {
				tell("cancel", "done")
				want = append(want, "canceled")
			}
			if tell("waited", want...) == "canceled" {
				tell("release", "done")
			}
			notifyHere(t, c)
			isFree(t, l)
		})
	}
}

// Close in another process ends an Acquire that waits for the lock through the condition there. A later Acquire fails.
func TestCloseOfAConditionThatAcquires(t *testing.T) {
	leak.Check(t)
	l, _, tell := obedient(t)
	if err := l.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	tell("acquire later", "done")
	until(t, "it waits", func() bool { return synchronize.Waiting(l) == 1 })
	tell("close", "done")
	tell("waited", "closed")
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	tell("acquire", "closed")
	isFree(t, l)
}

// If both Close and the end of ctx come while a Wait is getting the lock back, the first of them decides how the Wait ends.
func TestCloseBeforeTheLockIsBack(t *testing.T) {
	for _, first := range []string{"close", "cancel"} {
		t.Run(first, func(t *testing.T) {
			leak.Check(t)
			l, c, tell := obedient(t)
			waitsThere(t, c, tell)
			if err := l.Acquire(t.Context()); err != nil {
				t.Fatal(err)
			}
			tell(first, "done")
			until(t, "it waits for the lock", func() bool { return synchronize.Waiting(l) == 1 })
			if first == "close" {
				tell("cancel", "done")
			} else {
				tell("close", "done")
			}
			if err := l.Release(); err != nil {
				t.Error(err)
			}
			if first == "close" {
				tell("waited", "closed")
			} else {
				tell("waited", "canceled")
				tell("release", "done") // by a handle that is closed
			}
			isFree(t, l)
		})
	}
}

// A Wait that was notified before Close of its handle returns nil, with the lock.
func TestCloseAfterNotification(t *testing.T) {
	leak.Check(t)
	l, c, tell := obedient(t)
	waitsThere(t, c, tell)
	if err := errors.Join(l.Acquire(t.Context()), c.Notify(1)); err != nil {
		t.Fatal(err)
	}
	tell("close", "done")
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	tell("waited", "done")
	tell("release", "done")
	isFree(t, l)
}

// When the owner closes a condition, a notified waiter that waits for the lock gets ErrClosed. It is not given the lock without
// knowing.
func TestOwnerClosesAfterNotification(t *testing.T) {
	leak.Check(t)
	l, c, tell := obedient(t)
	waitsThere(t, c, tell)
	if err := errors.Join(l.Acquire(t.Context()), c.Notify(1), c.Close(), l.Release()); err != nil {
		t.Fatal(err)
	}
	tell("waited", "closed")
	isFree(t, l)
}

// A Wait whose ctx has ended gets the lock back even if the owner closes the condition meanwhile.
func TestOwnerClosesBeforeTheLockIsBack(t *testing.T) {
	leak.Check(t)
	l, c, tell := obedient(t)
	waitsThere(t, c, tell)
	if err := l.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	tell("cancel", "done")
	until(t, "it waits for the lock", func() bool { return synchronize.Waiting(l) == 1 })
	if err := errors.Join(c.Close(), l.Release()); err != nil {
		t.Error(err)
	}
	tell("waited", "canceled")
	tell("release", "done")
	isFree(t, l)
}

// A Wait for a condition that is closed already returns without the lock. If its ctx is over, too, it may return ctx's error
// instead, with the lock.
func TestWaitForWhatIsClosed(t *testing.T) {
	for _, acquire := range []string{"acquire", "acquire the lock"} {
		t.Run("there, "+acquire, func(t *testing.T) {
			leak.Check(t)
			l, _, tell := obedient(t)
			tell(acquire, "done")
			tell("close", "done")
			tell("wait", "done")
			tell("waited", "closed")
			isFree(t, l)
		})
	}
	for _, over := range []bool{false, true} {
		t.Run(fmt.Sprintf("here, over %v", over), func(t *testing.T) {
			leak.Check(t)
			l, c, tell := obedient(t)
			tell("acquire", "done")
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if over {
				tell("cancel", "done")
			}
			tell("wait", "done")
			want := []string{"closed"}
			if over {
				want = append(want, "canceled")
			}
			if tell("waited", want...) == "canceled" {
				tell("release", "done")
			}
			isFree(t, l)
		})
	}
	t.Run("in the owner", func(t *testing.T) {
		leak.Check(t)
		l := made(synchronize.NewLock())(t)
		c := made(synchronize.NewCondition(l))(t)
		if err := errors.Join(c.Acquire(t.Context()), c.Close()); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(t.Context()); !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
		isFree(t, l)
	})
}
