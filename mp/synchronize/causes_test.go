package synchronize

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// elses are errors from elsewhere that may be the cause of a ctx.
var elses = []error{share.ErrGone, share.ErrUnderWay, spawn.ErrClosed, errUnusable, errSilent, errNo, ErrNotHeld, ErrOwnerDied}

// If the cause of a ctx is an error of another object, calls take it only for the end of the ctx: a Wait for a condition still
// gets its lock back.
func TestCausesOfOthers(t *testing.T) {
	leak.Check(t)
	c, e := must(NewCondition(nil))(t), must(NewEvent())(t)
	for _, cause := range elses {
		ctx, cancel := context.WithCancelCause(t.Context())
		if err := c.Acquire(ctx); err != nil {
			t.Fatal(err)
		}
		waited := make(chan error)
		go func() { waited <- c.Wait(ctx) }()
		until(t, func() bool { return c.String() == "<Condition waiting=1>" })
		cancel(fmt.Errorf("something else: %w", cause))
		if err := <-waited; !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
			t.Errorf("%v: %v", cause, err)
		}
		if c.String() != "<Condition waiting=0>" {
			t.Errorf("%v: it waits still: %v", cause, c)
		}
		if err := c.Release(); err != nil {
			t.Errorf("%v: %v", cause, err)
		}
		if set, err := e.Ready(ctx, true); set || !errors.Is(err, context.Canceled) {
			t.Errorf("%v: an event is ready: %v, %v", cause, set, err)
		}
	}
	if err := errors.Join(c.Close(), e.Close()); err != nil {
		t.Error(err)
	}
}

// When the answers to several waits of one process are late at the same time, the lock answers each opRejoin for its own wait.
func TestRejoinAfterSeveral(t *testing.T) {
	leak.Check(t)
	l := must(NewLock())(t)
	c := must(NewCondition(l))(t)
	if err := l.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	waited := make(chan error)
	go func() { waited <- c.Wait(t.Context()) }()
	until(t, func() bool { return c.String() == "<Condition waiting=1>" })
	m, o := l.object().(*mutex), c.object().(*condition)
	m.mu.Lock()
	closed, told := asker{o.waiting[0].Client, 1000}, asker{o.waiting[0].Client, 1001}
	m.ended[closed] = true
	m.word.Store(contended)
	m.tell(waiter{Request: share.Request{Client: told.client}, ticket: told.ticket})
	m.mu.Unlock()
	for who, want := range map[asker]error{closed: spawn.ErrClosed, told: ErrOwnerDied} {
		ticket := state(who.ticket, "")
		for _, want := range []error{want, ErrNotHeld} { // the lock forgets the wait once its end is confirmed (heard)
			if _, err := l.request(t.Context(), opRejoin, ticket, nil); err != want {
				t.Errorf("%v: %v", want, err)
			}
			l.heard(t.Context(), ticket)
		}
	}
	if s := l.String(); s != "<Lock free>" || m.word.Load() != 0 || len(m.ended) > 0 {
		t.Errorf("%s, %#x, %v", s, m.word.Load(), m.ended)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-waited; !errors.Is(err, spawn.ErrClosed) {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// In the owner, a word that has moved to shared memory does not mean that the object is closed.
func TestMovedIsNotClosed(t *testing.T) {
	s := must(NewSemaphore(0))(t)
	v := s.seen.Load()
	v.word.Load().Store(elsewhere)
	if v.over() {
		t.Error("it is taken for closed while it moves")
	}
	s.Close()
	if !v.over() {
		t.Error("it is closed")
	}
}
