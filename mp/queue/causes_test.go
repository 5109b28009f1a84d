package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// If the cause of a ctx is an error of another object, a call with this ctx reports only that the ctx has ended. It does not
// take the queue for closed, empty or full.
func TestCausesOfOthers(t *testing.T) {
	leak.Check(t)
	q, err := New[int](1)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	ref, leave := stranger(q)
	there := &Queue[int]{codec: q.codec}
	there.name, there.ref, there.capacity = "Queue", ref, 1
	there.life, there.end = context.WithCancel(context.Background())
	for _, cause := range []error{spawn.ErrClosed, errShut, errSilent, share.ErrGone, share.ErrUnderWay, share.ErrEnded, ErrEmpty, ErrFull} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(fmt.Errorf("something else: %w", cause))
		right := func(what string, err error) {
			if _, half := err.(underWay); half || !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
				t.Errorf("%s, %v: %v", what, cause, err)
			}
		}
		for where, q := range map[string]*Queue[int]{"here": q, "there": there} {
			errs := 0
			for _, err := range q.All(ctx) {
				errs++
				right("All "+where, err)
			}
			if errs != 1 {
				t.Errorf("All %s, %v: %d errors", where, cause, errs)
			}
			ready, err := q.Ready(ctx, true)
			if right("Ready "+where, err); ready {
				t.Errorf("Ready %s, %v", where, cause)
			}
			if err := q.TryPut(1); err != nil {
				t.Error(err)
			}
			right("Put "+where, q.Put(ctx, 2))
			if v, err := q.TryGet(); v != 1 || err != nil {
				t.Error(v, err)
			}
		}
	}
	there.Close()
	leave()
}
