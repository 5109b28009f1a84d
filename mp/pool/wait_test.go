package pool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

// submitAll submits a task for each of hows and returns the futures.
func submitAll(t *testing.T, p *mp.Pool, hows ...string) []*mp.Future[int] {
	futures := make([]*mp.Future[int], len(hows))
	for i, how := range hows {
		futures[i] = mp.Submit(t.Context(), p, Do, task{i, how})
	}
	return futures
}

func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// PY-FUT-05
func TestAsCompleted(t *testing.T) {
	p := newPool(t, nil)
	f := submitAll(t, p, "", "fail", "wait", "wait")
	for _, ended := range f[:2] {
		<-ended.Done()
	}
	var got []*mp.Future[int]
	var last error
	for f, err := range mp.AsCompleted(over(), f[2], f[0], f[0], f[3], f[1], f[2]) {
		if last = err; err == nil {
			got = append(got, f)
		} else if f != nil {
			t.Errorf("%v comes with %v", f, err)
		}
	}
	if !slices.Equal(got, f[:2]) {
		t.Errorf("%v", got)
	}
	if !errors.Is(last, context.Canceled) || !strings.HasPrefix(fmt.Sprint(last), "mp: 2 (of 4) futures unfinished: ") {
		t.Errorf("%v", last)
	}
	// AsCompleted yields the other futures as they end.
	n := 0
	for ended, err := range mp.AsCompleted(t.Context(), f...) {
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended.Done():
		default:
			t.Errorf("%v has not ended", ended)
		}
		if n++; n < len(f) {
			f[2].Cancel()
			f[3].Cancel()
		}
	}
	if n != len(f) {
		t.Errorf("%d of %d", n, len(f))
	}
	for range mp.AsCompleted[int](t.Context()) {
		t.Error("there is none")
	}
}

// A loop that is left early leaves nothing behind and can begin again.
func TestAsCompletedBreak(t *testing.T) {
	p := newPool(t, nil)
	f := submitAll(t, p, "", "wait", "fail")
	completed := mp.AsCompleted(t.Context(), f...)
	for range 3 {
		for f, err := range completed {
			if err != nil || f.String() == "<Future func='do' pending>" {
				t.Errorf("%v, %v", f, err)
			}
			break
		}
	}
	f[1].Cancel()
	n := 0
	for range completed {
		n++
	}
	if n != 3 {
		t.Errorf("%d futures", n)
	}
}

// PY-FUT-06: ALL_COMPLETED, and a timeout.
func TestWaitAll(t *testing.T) {
	p := newPool(t, nil)
	f := submitAll(t, p, "", "fail", "", "panic")
	got, err := mp.WaitAll(t.Context(), append(f, f[2])...)
	if want := []int{0, 0, 4, 0, 4}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	var remote *mp.RemoteError
	joined, _ := err.(interface{ Unwrap() []error })
	if joined == nil {
		t.Fatal(err)
	}
	if errs := joined.Unwrap(); len(errs) != 2 || !errors.Is(errs[0], errUnlucky) || !errors.As(errs[1], &remote) || !remote.Panic {
		t.Errorf("%v", err)
	}
	if got, err := mp.WaitAll(over(), f[0], f[2]); err != nil || !slices.Equal(got, []int{0, 4}) {
		t.Errorf("ended, under a ctx that is over: %v, %v", got, err)
	}
	waiting := mp.Submit(t.Context(), p, Do, task{0, "wait"})
	got, err = mp.WaitAll(over(), waiting, f[2], f[1])
	if !slices.Equal(got, []int{0, 4, 0}) || !errors.Is(err, context.Canceled) || !errors.Is(err, errUnlucky) ||
		!strings.HasPrefix(err.Error(), "mp: 1 (of 3) futures unfinished: ") {
		t.Errorf("%v, %v", got, err)
	}
	waiting.Cancel()
	if got, err := mp.WaitAll[int](t.Context()); len(got) != 0 || err != nil {
		t.Errorf("of none: %v, %v", got, err)
	}
}

// PY-FUT-06: FIRST_COMPLETED is WaitAny; FIRST_EXCEPTION is a loop over AsCompleted that is left at the first error.
func TestWaitAny(t *testing.T) {
	p := newPool(t, nil)
	f := submitAll(t, p, "wait", "")
	if first, err := pool.WaitAny(t.Context(), f...); first != f[1] || err != nil {
		t.Errorf("%v, %v", first, err)
	}
	if first, err := pool.WaitAny(over(), f...); first != f[1] || err != nil {
		t.Errorf("ended already: %v, %v", first, err)
	}
	if first, err := pool.WaitAny(over(), f[0], f[0]); first != nil || !errors.Is(err, context.Canceled) ||
		!strings.HasPrefix(err.Error(), "mp: 1 (of 1) futures unfinished: ") {
		t.Errorf("%v, %v", first, err)
	}
	if first, err := pool.WaitAny[int](t.Context()); first != nil || err == nil {
		t.Errorf("of none: %v, %v", first, err)
	}
	failed := mp.Submit(t.Context(), p, Do, task{0, "fail"})
	for range 2 { // while it fails, and after that
		var first error
		for f := range mp.AsCompleted(t.Context(), f[0], f[1], failed) {
			if _, first = f.Wait(t.Context()); first != nil {
				break
			}
		}
		if !errors.Is(first, errUnlucky) {
			t.Errorf("the first failure: %v", first)
		}
	}
	f[0].Cancel()
	if first, err := pool.WaitAny(t.Context(), f[0]); first != f[0] || err != nil {
		t.Errorf("cancelled: %v, %v", first, err)
	}
}

// PY-FUT-06: many goroutines wait for the same 100 futures, which end meanwhile.
func TestManyWaitForTheSame(t *testing.T) {
	p := newPool(t, nil)
	f := submitAll(t, p, make([]string, 100)...)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			n := 0
			for _, err := range mp.AsCompleted(t.Context(), f...) {
				if n++; err != nil {
					t.Error(err)
				}
			}
			if n != len(f) {
				t.Errorf("%d futures", n)
			}
		})
		wg.Go(func() {
			for left := slices.Clone(f); len(left) > 0; {
				first, err := pool.WaitAny(t.Context(), left...)
				if err != nil {
					t.Error(err)
					return
				}
				left = slices.DeleteFunc(left, func(f *mp.Future[int]) bool { return f == first })
			}
		})
		wg.Go(func() {
			if got, err := mp.WaitAll(t.Context(), f...); err != nil || got[99] != 99*99 {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	wg.Wait()
}

// PY-PPE-28: the end of the pool wakes every waiter, whether its call ran, was queued, or could not be sent.
func TestCloseWakesWaiters(t *testing.T) {
	for name, end := range map[string]func(*mp.Pool){
		"Close":              func(p *mp.Pool) { p.Close() },
		"a bounded Shutdown": func(p *mp.Pool) { p.Shutdown(over()) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPool(t, &mp.PoolOptions{KillDelay: time.Millisecond})
			f := submitAll(t, p, "deaf", "wait", "wait", "", "")
			awaitBusy(t, p, 2)
			unsendable := mp.Submit[any, any](t.Context(), p, Opaque, func() {})
			queued := mp.Submit[any, any](t.Context(), p, Opaque, 1)
			var wg sync.WaitGroup
			wg.Go(func() {
				n := 0
				for f, err := range mp.AsCompleted(context.Background(), f...) {
					if n++; err != nil {
						t.Error(err)
					} else if _, err := f.Wait(t.Context()); !errors.Is(err, mp.ErrClosed) {
						t.Error(err)
					}
				}
				if n != len(f) {
					t.Errorf("%d futures", n)
				}
			})
			wg.Go(func() {
				if _, err := mp.WaitAll(context.Background(), f...); !errors.Is(err, mp.ErrClosed) {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if first, err := pool.WaitAny(context.Background(), f...); first == nil || err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				if _, err := mp.WaitAll(context.Background(), unsendable, queued); !errors.Is(err, mp.ErrClosed) {
					t.Error(err)
				}
			})
			end(p)
			wg.Wait()
		})
	}
}

// Under a ctx that is over, a Map of no items succeeds, as it needs no worker, unless the pool is closed. An IMap fails, as it
// would have to ask the iterator whether there are items.
func TestNoItemsAndNoTime(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1})
	for range 100 {
		if got, err := mp.Map(over(), p, Square, nil); len(got) != 0 || err != nil {
			t.Fatalf("%v, %v", got, err)
		}
	}
	if got, err := mp.Map(over(), p, Square, []int{1}); got != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", got, err)
	}
	asked := func(func(int) bool) { t.Error("the iterator was asked") }
	var yielded []error
	for _, err := range mp.IMap(over(), p, Square, asked) {
		yielded = append(yielded, err)
	}
	if len(yielded) != 1 || !errors.Is(yielded[0], context.Canceled) {
		t.Error(yielded)
	}
	p.Close()
	if _, err := mp.Map(over(), p, Square, nil); !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
}
