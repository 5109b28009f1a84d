package queue

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// forgetful runs f with a queue of each type whose broker does not keep the items that it gives, and with a handle of it
// beyond a valve. All is done then: the queue has to end.
func forgetful(t *testing.T, f func(t *testing.T, q, there *Queue[int], slow *valve)) {
	for name, joinable := range map[string]bool{"Queue": false, "JoinableQueue": true} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			q := new(Queue[int])
			if err := q.make("New", name, newBroker(0, joinable)); err != nil {
				t.Fatal(err)
			}
			ours, theirs := link.NewInProcess()
			defer theirs.Close()
			slow := &valve{Link: theirs}
			there := &Queue[int]{codec: q.codec}
			there.ref = q.ref.Over(ours, slow)
			there.life, there.end = context.WithCancel(context.Background())
			defer there.end()
			f(t, q, there, slow)
			q.broker.taskDone() // of a JoinableQueue
			until(t, func() bool {
				q.broker.mu.Lock()
				defer q.broker.mu.Unlock()
				return q.broker.dropped
			})
		})
	}
}

// got is what a Get returns.
type got struct {
	v   int
	err error
}

// get is the result of a Get that begins now.
func get(ctx context.Context, q *Queue[int]) <-chan got {
	result := make(chan got, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		v, err := q.Get(ctx)
		result <- got{v, err}
	}()
	return result
}

// waits waits until a Get waits.
func waits(t *testing.T, b *broker) {
	t.Helper()
	until(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.gets.len() == 1
	})
}

// An item is in a closed queue for as long as it can come back from a consumer whose Get has ended: another one gets it,
// whether its Get waits at Close or comes later.
func TestUngetAfterClose(t *testing.T) {
	for _, later := range []bool{false, true} {
		forgetful(t, func(t *testing.T, q, there *Queue[int], slow *valve) {
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			given := get(ctx, there)
			waits(t, q.broker)
			slow.Lock()
			if err := q.TryPut(1); err != nil {
				t.Error(err)
			}
			giveUp()
			if g := <-given; !errors.Is(g.err, context.Canceled) {
				t.Error(g)
			}
			var next <-chan got
			if !later {
				next = get(t.Context(), q)
				waits(t, q.broker)
			}
			q.Close()
			slow.Unlock()
			if later {
				next = get(t.Context(), q)
			}
			if g := <-next; g != (got{1, nil}) {
				t.Error(g)
			}
		})
	}
}

// An item that a process has got does not keep a closed queue from ending.
func TestGotBeforeClose(t *testing.T) {
	forgetful(t, func(t *testing.T, q, there *Queue[int], _ *valve) {
		if err := q.TryPut(1); err != nil {
			t.Error(err)
		}
		if g := <-get(t.Context(), there); g != (got{1, nil}) {
			t.Error(g)
		}
		q.Close()
		if g := <-get(t.Context(), q); !errors.Is(g.err, spawn.ErrClosed) {
			t.Error(g)
		}
	})
}

// Nor does an item under way at Close, once the process has got it or has ended.
func TestGivenAtClose(t *testing.T) {
	for _, dies := range []bool{false, true} {
		forgetful(t, func(t *testing.T, q, there *Queue[int], slow *valve) {
			given := get(t.Context(), there)
			waits(t, q.broker)
			slow.Lock()
			if err := q.TryPut(1); err != nil {
				t.Error(err)
			}
			next := get(t.Context(), q)
			waits(t, q.broker)
			q.Close()
			if dies {
				slow.Close()
			} else {
				slow.Unlock()
			}
			if g := <-next; !errors.Is(g.err, spawn.ErrClosed) {
				t.Error(g)
			}
			if dies {
				slow.Unlock()
			}
			if g := <-given; !dies && g != (got{1, nil}) {
				t.Error(g)
			}
		})
	}
}
