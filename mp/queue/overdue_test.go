package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// overdue is the argument of Overdue. First says which call is the first one, which has to find the owner.
type overdue struct {
	First       int
	Empty, Full *queue.Queue[int]
	Numbers     *queue.Queue[int]    // from 1 on
	Open        *queue.Queue[[]byte] // unbounded
	Room        *queue.Queue[int]    // for one
	Lent        *acknowledged        // with one
	Done        *queue.JoinableQueue[int]
	Undone      *queue.JoinableQueue[int]
}

const overdueWays = 7

// Overdue uses all these queues with a ctx that is over already.
var Overdue = mp.Register("queue.overdue", func(ctx context.Context, q overdue) (string, error) {
	defer queue.SetGlance(time.Minute)() // so that no call takes the owner for silent because the machine is busy
	over, cancel := context.WithCancel(ctx)
	cancel()
	ways := [overdueWays]func() error{
		func() error {
			v, err := q.Numbers.Get(over)
			if err == nil && v != 1 {
				err = fmt.Errorf("got %d", v)
			}
			return err
		},
		func() error {
			for i := range 200 { // some by the link, some by a ring
				if err := q.Open.Put(over, make([]byte, i%2*10_000)); err != nil {
					return fmt.Errorf("Put %d: %w", i, err)
				}
			}
			return nil
		},
		func() error { return q.Room.Put(over, 1) },
		func() error {
			d, err := q.Lent.Get(over)
			if err == nil {
				err = d.Ack()
			}
			return err
		},
		func() error { return q.Done.Join(over) },
		func() error {
			_, err := q.Empty.Get(over)
			return vain(err, "waiting for an item")
		},
		func() error { return vain(q.Full.Put(over, 1), "waiting for room") },
	}
	began := time.Now()
	for i := range ways {
		n := (q.First + i) % len(ways)
		if err := ways[n](); err != nil {
			return fmt.Sprint(n), err
		}
	}
	if took := time.Since(began); took > time.Minute/2 {
		return "", fmt.Errorf("it took %v", took)
	}
	var got []string
	for v, err := range q.Numbers.All(over) { // yields one number and the error, though two numbers are left
		got = append(got, fmt.Sprint(v, errors.Is(err, context.Canceled)))
	}
	queue.SetGlance(time.Millisecond)
	if err := vain(q.Undone.Join(over), "Join"); err != nil {
		return "Join", err
	}
	return fmt.Sprint(got, q.Open.Len(), q.Room.Len(), q.Lent.Len()), nil
})

// vain returns what is wrong with the error of a wait whose ctx had ended before; nil: nothing.
func vain(err error, what string) error {
	if !errors.Is(err, context.Canceled) || errors.Is(err, mp.ErrTimeout) || !strings.Contains(err.Error(), what) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// PY-QUEUE-02, PY-QUEUE-05: with a ctx that is over already, a call succeeds if it need not wait, and fails at once otherwise.
func TestOverdue(t *testing.T) {
	for first := range overdueWays {
		everywhere(t, func(t *testing.T) overdue {
			q := overdue{
				First: first, Empty: newQueue[int](t, 0), Full: newQueue[int](t, 1), Numbers: newQueue[int](t, 0), Open: newQueue[[]byte](t, 0),
				Room: newQueue[int](t, 1), Lent: must(queue.NewAcknowledged[int](0))(t),
				Done: must(queue.NewJoinable[int](0))(t), Undone: must(queue.NewJoinable[int](0))(t),
			}
			t.Cleanup(func() {
				for _, err := range []error{q.Lent.Close(), q.Done.Close(), q.Undone.Close()} {
					if err != nil {
						t.Error(err)
					}
				}
				must(q.Undone.Get(background))(t)
				if err := q.Undone.TaskDone(); err != nil {
					t.Error(err)
				}
			})
			errs := []error{q.Full.TryPut(1), q.Lent.TryPut(1), q.Undone.TryPut(1)}
			for i := range 3 {
				errs = append(errs, q.Numbers.TryPut(i+1))
			}
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			return q
		}, Overdue, "[2 false 0 true] 200 1 0")
	}
}
