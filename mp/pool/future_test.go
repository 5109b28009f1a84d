package pool_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// PY-POOL-03 in Go's form: a future is done once, with a value or an error.
func TestSubmit(t *testing.T) {
	p := newPool(t, nil)
	var futures []*mp.Future[int]
	for i := range 200 {
		how := ""
		if i%10 == 3 {
			how = "fail"
		}
		futures = append(futures, mp.Submit(t.Context(), p, Do, task{i, how}))
	}
	for i, f := range futures {
		n, err := f.Wait(t.Context())
		if i%10 == 3 {
			if !errors.Is(err, errUnlucky) {
				t.Errorf("%d: %v", i, err)
			}
		} else if n != i*i || err != nil {
			t.Errorf("%d: %d, %v", i, n, err)
		}
		<-f.Done()
		if f.Cancel() {
			t.Error("a call that had ended was cancelled")
		}
	}
}

// PY-POOL-07, PY-FUT-02: Cancel ends a pending call, and a running one, too.
func TestCancel(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{KillDelay: time.Millisecond})
	running := []*mp.Future[int]{mp.Submit(t.Context(), p, Do, task{1, "deaf"}), mp.Submit(t.Context(), p, Do, task{2, "deaf"})}
	awaitBusy(t, p, 2)
	pending := mp.Submit(t.Context(), p, Do, task{3, ""})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pending.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v", err)
	}
	for _, f := range []*mp.Future[int]{pending, running[0], pending} { // a second Cancel of a call reports true, too
		if !f.Cancel() {
			t.Error("Cancel reports false")
		}
	}
	for _, f := range []*mp.Future[int]{pending, running[0]} {
		if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	select {
	case <-running[1].Done():
		t.Error("another call has ended too")
	default:
	}
	running[1].Cancel()
	running[1].Wait(t.Context())
}

// Cancel of a call that the pool refused reports false.
func TestCancelOfARefusedCall(t *testing.T) {
	p := newPool(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := mp.Submit(ctx, p, Square, 1)
	if f.Cancel() {
		t.Error("it was cancelled")
	}
	if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p.Close()
	if mp.Submit(t.Context(), p, Square, 1).Cancel() {
		t.Error("it was cancelled")
	}
}

// Many calls may wait at once: the cost grows only with their number.
func TestManySubmits(t *testing.T) {
	p := newPool(t, nil)
	n := 50_000
	if prog.Wine() {
		n = 5_000 // a message takes a hundred times as long there
	}
	futures := make([]*mp.Future[int], n)
	for i := range futures {
		futures[i] = mp.Submit(t.Context(), p, Square, i)
	}
	for i, f := range futures {
		if r, err := f.Wait(t.Context()); r != i*i || err != nil {
			t.Fatalf("%d: %d, %v", i, r, err)
		}
	}
}
