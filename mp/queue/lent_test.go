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

// forgetful runs f with a queue of each type whose broker does not keep the items that it gives out. The handle there gets its
// answers through the valve. After f and a TaskDone, the queue has to end.
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
			q.broker.taskDone() // has no effect on a Queue
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

// get starts a Get and returns a channel for its result.
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

// A closed queue does not end while an item can come back from a consumer whose Get has ended. Another consumer gets the item,
// whether its Get waits at Close or begins later.
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

// An item that is on its way to a consumer at Close does not keep the queue from ending once that process has got it or has
// died.
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
