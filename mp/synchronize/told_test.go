package synchronize

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// hasDied puts the lock into the state after its holder's death, when the holder is no client any more and no other client was
// told.
func hasDied(l *Lock) *mutex {
	m := l.ref.Object().(*mutex)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.died = true
	m.settle()
	return m
}

// While a client is told of a death, no client gets the lock. If the told client has not heard of the death, the next one
// is told.
func TestTold(t *testing.T) {
	for how, want := range map[string]error{"heard": nil, "too late": ErrOwnerDied, "left": ErrOwnerDied} {
		t.Run(how, func(t *testing.T) {
			leak.Check(t)
			l := must(NewLock())(t)
			ours, theirs := link.NewInProcess()
			there := l.ref.Over(ours, theirs)
			m := hasDied(l)
			answer, err := there.Call(t.Context(), opTry, caller(), nil, nil)
			answer.Release()
			if answer.Kind != answerDied || err != nil {
				t.Fatal(answer.Kind, err)
			}
			if ok, err := l.TryAcquire(); ok || err != nil {
				t.Error(ok, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			got := make(chan error, 1)
			go func() { got <- l.Acquire(ctx) }()
			until(t, func() bool { return Waiting(l) == 1 })
			switch how {
			case "heard":
				there.Post(opHeard, nil)
			case "too late":
				there.Post(opDied, nil)
			case "left":
				theirs.Close()
			}
			if err := <-got; !errors.Is(err, want) {
				t.Errorf("%v instead of %v", err, want)
			}
			if want != nil {
				if err := l.Acquire(ctx); err != nil {
					t.Error(err)
				}
			}
			there.Post(opDied, nil) // without effect: this client was not told of another death
			answer, _ = there.Call(ctx, opState, nil, nil, nil)
			answer.Release()
			if err := l.Release(); err != nil {
				t.Error(err)
			}
			theirs.Close()
			if ok, err := l.TryAcquire(); !ok || err != nil || m.died {
				t.Error(ok, err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A client that waits for a condition and is told of a death, or of the condition's Close, confirms that. Then the lock is
// free, and keeps no record of it.
func TestConditionHears(t *testing.T) {
	for how, want := range map[string]error{"notified": ErrOwnerDied, "canceled": ErrOwnerDied, "closed": spawn.ErrClosed} {
		t.Run(how, func(t *testing.T) {
			leak.Check(t)
			l := must(NewLock())(t)
			c := must(NewCondition(l))(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if err := l.Acquire(ctx); err != nil {
				t.Fatal(err)
			}
			waited := make(chan error, 1)
			go func() { waited <- c.Wait(ctx) }()
			until(t, func() bool { return c.String() == "<Condition waiting=1>" })
			if err := l.Acquire(ctx); err != nil {
				t.Fatal(err)
			}
			switch how {
			case "notified":
				if err := c.Notify(1); err != nil {
					t.Error(err)
				}
			case "canceled":
				cancel()
			case "closed":
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
			m := l.object().(*mutex)
			if want == ErrOwnerDied {
				until(t, func() bool { return Waiting(l) == 1 })
				m = hasDied(l)
			}
			if err := l.Release(); err != nil {
				t.Error(err)
			}
			if err := <-waited; !errors.Is(err, want) {
				t.Errorf("%v instead of %v", err, want)
			}
			if ok, err := l.TryAcquire(); !ok || err != nil || len(m.ended) > 0 {
				t.Error(ok, err, m.ended)
			}
			if err := errors.Join(c.Close(), l.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

// When the last waiter has given up, the holder need not ask the owner to release the lock, which is free at once.
func TestWaiterGivesUp(t *testing.T) {
	for _, how := range []string{"canceled", "left", "closed"} {
		t.Run(how, func(t *testing.T) {
			leak.Check(t)
			l := must(NewLock())(t)
			c := must(NewCondition(l))(t)
			m := l.object().(*mutex)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ours, theirs := link.NewInProcess()
			there := l.ref.Over(ours, theirs)
			waited := make(chan error, 1)
			switch how {
			case "canceled":
				lock(t, m)
				go func() { waited <- l.Acquire(ctx) }()
				until(t, func() bool { return Waiting(l) == 1 })
				cancel()
			case "left":
				lock(t, m)
				go func() {
					_, err := there.Call(ctx, opAcquire, caller(), nil, nil)
					waited <- err
				}()
				until(t, func() bool { return Waiting(l) == 1 })
				theirs.Close()
			case "closed":
				go func() { waited <- errors.Join(c.Acquire(ctx), c.Wait(ctx)) }()
				until(t, func() bool { return c.String() == "<Condition waiting=1>" })
				lock(t, m)
				if err := errors.Join(c.Notify(1), c.Close()); err != nil {
					t.Error(err)
				}
			}
			if err := <-waited; err == nil {
				t.Error("it was not in vain")
			}
			until(t, func() bool { return Waiting(l) == 0 })
			if freed, _ := m.here.free(); !freed {
				t.Errorf("the word is %#x", m.word.Load())
			}
			if ok, err := l.TryAcquire(); !ok || err != nil {
				t.Error(ok, err)
			}
			theirs.Close()
			if err := errors.Join(c.Close(), l.Close()); err != nil {
				t.Error(err)
			}
		})
	}
}

// lock takes the lock by its word.
func lock(t *testing.T, m *mutex) {
	t.Helper()
	until(t, m.here.grab)
}
