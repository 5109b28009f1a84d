package pool

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// PY-FUT-02, PY-FUT-03: String, Cancelled and Cancel tell each state of a future, and Wait under a ctx that is over does not
// wait.
func TestFutureStates(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	inBubble(t, Options{Workers: 1}, func(t *testing.T, p *Pool) {
		done := Submit(t.Context(), p, sleepy, time.Second)
		failed := Submit(t.Context(), p, sleepy, time.Hour, Timeout(time.Second))
		WaitAll(t.Context(), done, failed)
		running := Submit(t.Context(), p, sleepy, time.Hour)
		stopped := Submit(t.Context(), p, sleepy, time.Hour)
		pending := Submit(t.Context(), p, sleepy, time.Hour)
		refused := Submit(over, p, sleepy, time.Hour)
		cancelled := Submit(t.Context(), p, sleepy, time.Hour)
		cancelled.Cancel()
		synctest.Wait()
		for want, f := range map[string]*Future[time.Duration]{
			"running": running, "pending": pending, "done": done, "failed": failed, "cancelled": cancelled,
		} {
			ended := want != "running" && want != "pending"
			if f.String() != "<Future func='pool.sleepy' "+want+">" || f.Cancelled() != (want == "cancelled") || f.finished() != ended {
				t.Errorf("%s: %v, cancelled: %t, ended: %t", want, f, f.Cancelled(), f.finished())
			}
			d, err := f.Wait(over)
			right := errors.Is(err, context.Canceled) // its ctx is over, or the call was cancelled
			switch want {
			case "done":
				right = d == time.Second && err == nil
			case "failed":
				right = errors.Is(err, spawn.ErrTimeout)
			}
			if told := err != nil && strings.Contains(err.Error(), "waiting for a call"); !right || told == ended {
				t.Errorf("%s: %v, %v", want, d, err)
			}
			if ended && f.Cancel() != (want == "cancelled") {
				t.Errorf("%s: Cancel has made a difference", want)
			}
		}
		if refused.Cancel() || refused.Cancelled() || !strings.HasSuffix(refused.String(), " failed>") {
			t.Error(refused)
		}
		// A cancel wakes the waiters of a call, whether it runs or not.
		for _, f := range []*Future[time.Duration]{stopped, running} {
			woken := make(chan error)
			go func() {
				_, err := f.Wait(t.Context())
				woken <- err
			}()
			synctest.Wait()
			if !f.Cancel() || !f.Cancelled() || !strings.HasSuffix(f.String(), " cancelled>") {
				t.Error(f)
			}
			if err := <-woken; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		pending.Cancel()
	})
}

// A future forgets a waiter that has left.
func TestAsCompletedLeaves(t *testing.T) {
	inBubble(t, Options{Workers: 1}, func(t *testing.T, p *Pool) {
		quick, slow := Submit(t.Context(), p, sleepy, time.Second), Submit(t.Context(), p, sleepy, time.Hour)
		if first, err := WaitAny(t.Context(), slow, quick); first != quick || err != nil {
			t.Errorf("%v, %v", first, err)
		}
		if len(slow.watchers) != 0 {
			t.Errorf("%d watchers", len(slow.watchers))
		}
		slow.Cancel()
	})
}

// PY-FUT-04: a second answer for an item does not change the first, and ends the worker that gives it.
func TestSecondAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool()
		p.backend, p.opts = &actor{plays: []func(*stage){func(s *stage) {
			id, _ := s.task()
			s.started(id)
			s.answer(id, 0, 1)
			s.answer(id, 0, 2)
			s.link.Recv()
		}, honest}}, Options{Workers: 1}
		begin(t, p)
		defer p.Close()
		first, second := Submit(t.Context(), p, echo, 7), Submit(t.Context(), p, echo, 8)
		if got, err := WaitAll(t.Context(), first, second); !slices.Equal(got, []int{1, 8}) || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		if n, err := first.Wait(t.Context()); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// PY-PPE-03: a loop with a time limit yields the results that come in time, and then an error that says that time is up. (An
// item's own failure comes in its place.)
func TestIMapTimeout(t *testing.T) {
	inBubble(t, Options{Workers: 2}, func(t *testing.T, p *Pool) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var got []time.Duration
		var errs []error
		items := slices.Values([]time.Duration{time.Second, 2 * time.Second, time.Hour, 2 * time.Second})
		for d, err := range IMapUnordered(ctx, p, sleepy, items) {
			if err == nil {
				got = append(got, d)
			} else {
				errs = append(errs, err)
			}
		}
		if !slices.Equal(got, []time.Duration{time.Second, 2 * time.Second, 2 * time.Second}) {
			t.Errorf("%v", got)
		}
		if len(errs) == 0 || !errors.Is(errs[len(errs)-1], context.DeadlineExceeded) {
			t.Errorf("%v", errs)
		}
	})
}
