package pool_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"
	"weak"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

type parcel struct{ Data [64]byte }

var Carry = mp.Register("carry", func(ctx context.Context, a *parcel) (*parcel, error) {
	switch string(a.Data[:4]) {
	case "fail":
		return nil, errUnlucky
	case "wait":
		<-ctx.Done()
	}
	return a, nil
})

func newParcel(how string) *parcel {
	a := new(parcel)
	copy(a.Data[:], how)
	return a
}

// forgotten waits until the collector has freed all these values, which nothing should hold any more.
func forgotten[T any](t *testing.T, what string, pointers ...weak.Pointer[T]) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		runtime.GC()
		held := slices.IndexFunc(pointers, func(p weak.Pointer[T]) bool { return p.Value() != nil })
		if held < 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%s: number %d is kept", what, held)
			return
		}
	}
}

// PY-POOL-15, PY-PPE-05: a pool that lives on keeps no argument, no result and no future of calls that have ended, nor what
// callbacks held.
func TestNothingIsKept(t *testing.T) {
	p := newPool(t, nil)
	for _, how := range []string{"", "fail", "wait"} {
		var values []weak.Pointer[parcel]
		var futures []weak.Pointer[mp.Future[*parcel]]
		func() { // a frame of its own, so that its variables are gone afterwards
			for range 5 {
				a, held := newParcel(how), new(parcel)
				f := mp.Submit(t.Context(), p, Carry, a)
				called := make(chan bool)
				f.OnDone(func(*mp.Future[*parcel]) { held.Data[0]++; close(called) })
				if how == "wait" {
					f.Cancel()
				}
				if r, err := f.Wait(t.Context()); err == nil {
					values = append(values, weak.Make(r))
				} else if how == "" {
					t.Error(err)
				}
				<-called
				values, futures = append(values, weak.Make(a), weak.Make(held)), append(futures, weak.Make(f))
			}
		}()
		forgotten(t, "Submit "+how, values...)
		forgotten(t, "a future "+how, futures...)
	}
	var values []weak.Pointer[parcel]
	func() {
		items := make([]*parcel, 20)
		for i := range items {
			items[i] = newParcel("")
			values = append(values, weak.Make(items[i]))
		}
		results, err := mp.Map(t.Context(), p, Carry, items)
		if err != nil {
			t.Error(err)
		}
		for _, r := range results {
			values = append(values, weak.Make(r))
		}
	}()
	forgotten(t, "Map", values...)
	values = nil
	func() {
		for r, err := range mp.IMap(t.Context(), p, Carry, func(yield func(*parcel) bool) {
			for range 20 {
				a := newParcel("")
				values = append(values, weak.Make(a))
				yield(a)
			}
		}) {
			if r == nil || err != nil {
				t.Error(err)
			}
		}
	}()
	forgotten(t, "IMap", values...)
}

// PY-FUT-05: AsCompleted does not keep the futures that it has yielded.
func TestAsCompletedKeepsNothing(t *testing.T) {
	p := newPool(t, nil)
	waiting := mp.Submit(t.Context(), p, Do, task{0, "wait"})
	futures := append(submitAll(t, p, "", "fail", ""), waiting)
	var yielded []weak.Pointer[mp.Future[int]]
	for f, err := range mp.AsCompleted(t.Context(), futures...) {
		if err != nil {
			t.Error(err)
		}
		futures[slices.Index(futures, f)] = nil // as the Python test does with its list
		if yielded = append(yielded, weak.Make(f)); len(yielded) == 3 {
			f = nil
			forgotten(t, "AsCompleted", yielded...)
			break
		}
	}
	waiting.Cancel()
	if _, err := mp.WaitAll(t.Context(), waiting); err == nil {
		t.Error("it was not cancelled")
	}
}

// A pool that was closed is collected, whatever the timeouts of its items were: no timer of an item is left.
func TestClosedPoolIsNotKept(t *testing.T) {
	var closed weak.Pointer[mp.Pool]
	func() {
		p, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1, TaskTimeout: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := mp.Apply(t.Context(), p, Carry, newParcel("")); err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		closed = weak.Make(p)
	}()
	forgotten(t, "the pool", closed)
}

// When a cancelled item or its worker has ended, the timer is gone that was to kill the worker. With an endless KillDelay it
// would keep the pool for ever.
func TestCancelledItemsAreNotWaitedFor(t *testing.T) {
	leak.Check(t)
	const ever = math.MaxInt64
	var closed []weak.Pointer[mp.Pool]
	func() {
		for _, how := range []string{"wait", "die cancelled"} {
			p, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1, KillDelay: ever})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			f := mp.Submit(ctx, p, Do, task{How: how})
			for atWork(p) == "" {
				runtime.Gosched()
			}
			cancel()
			if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			closed = append(closed, weak.Make(p))
		}
	}()
	forgotten(t, "the pool", closed...)
}
