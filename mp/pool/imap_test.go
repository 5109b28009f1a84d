package pool_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// PY-POOL-08
func TestIMap(t *testing.T) {
	p := newPool(t, nil)
	for _, opts := range [][]mp.CallOption{nil, {mp.ChunkSize(100)}} {
		next := 0
		for r, err := range mp.IMap(t.Context(), p, Square, slices.Values(numbers(1000)), opts...) {
			if r != next*next || err != nil {
				t.Fatalf("item %d: %d, %v", next, r, err)
			}
			next++
		}
		if next != 1000 {
			t.Errorf("%d items", next)
		}
		var got []int
		for r, err := range mp.IMapUnordered(t.Context(), p, Square, slices.Values(numbers(1000)), opts...) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r)
		}
		slices.Sort(got)
		if len(got) != 1000 || got[999] != 999*999 {
			t.Errorf("%d items, the last is %d", len(got), got[len(got)-1])
		}
	}
}

// An item's error is yielded in its place, and the iteration goes on.
func TestIMapErrors(t *testing.T) {
	p := newPool(t, nil)
	items := make([]task, 30)
	for i := range items {
		items[i].N = i
	}
	items[7].How, items[11].How, items[20].How = "fail", "kill", "panic"
	i := 0
	for r, err := range mp.IMap(t.Context(), p, Do, slices.Values(items)) {
		var remote *mp.RemoteError
		var exit *mp.ExitError
		switch i {
		case 7:
			if !errors.Is(err, errUnlucky) || !errors.As(err, &remote) || remote.Index != 7 {
				t.Errorf("%v", err)
			}
		case 11:
			if !errors.As(err, &exit) || exit.Index != 11 {
				t.Errorf("%v", err)
			}
		case 20:
			if !errors.As(err, &remote) || !remote.Panic || remote.Index != 20 {
				t.Errorf("%v", err)
			}
		default:
			if r != i*i || err != nil {
				t.Errorf("item %d: %d, %v", i, r, err)
			}
		}
		i++
	}
	if i != len(items) {
		t.Errorf("%d of %d items", i, len(items))
	}
}

// endless is an input without end that counts the items taken from it.
func endless(taken *atomic.Int64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
			taken.Add(1)
		}
	}
}

// PY-POOL-27: an endless input works, and is read a bounded number of items ahead.
func TestIMapEndlessInput(t *testing.T) {
	p := newPool(t, nil)
	var taken atomic.Int64
	n := 0
	for r, err := range mp.IMap(t.Context(), p, Square, endless(&taken)) {
		if r != n*n || err != nil {
			t.Fatalf("item %d: %d, %v", n, r, err)
		}
		if ahead := taken.Load() - int64(n); ahead > 2*16+1 {
			t.Fatalf("%d items ahead", ahead)
		}
		if n++; n == 300 {
			break
		}
	}
	if _, err := mp.Apply(t.Context(), p, Square, 1); err != nil {
		t.Error(err)
	}
}

// Results come although the input has stalled, and leaving the loop does not wait for the input.
func TestIMapStalledInput(t *testing.T) {
	p := newPool(t, nil)
	more := make(chan int)
	input := func(yield func(int) bool) {
		for n := range more {
			if !yield(n) {
				return
			}
		}
	}
	go func() { more <- 3 }()
	for r, err := range mp.IMap(t.Context(), p, Square, input) {
		if r != 9 || err != nil {
			t.Errorf("%d, %v", r, err)
		}
		break
	}
	close(more)
}

// PY-POOL-06, PY-POOL-09
func TestIMapPanickingInput(t *testing.T) {
	p := newPool(t, nil)
	n := 0
	defer func() {
		if value := recover(); value != "bad input" || n != 3 {
			t.Errorf("%v after %d items", value, n)
		}
		if _, err := mp.Apply(t.Context(), p, Square, 1); err != nil {
			t.Error(err)
		}
	}()
	for r, err := range mp.IMap(t.Context(), p, Square, func(yield func(int) bool) {
		for i := range 3 {
			yield(i)
		}
		panic("bad input")
	}) {
		if r != n*n || err != nil {
			t.Errorf("%d, %v", r, err)
		}
		n++
	}
}

func TestIMapContext(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{KillDelay: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for _, err := range mp.IMap(ctx, p, Do, func(yield func(task) bool) {
		yield(task{1, ""})
		for yield(task{2, "deaf"}) {
		}
	}) {
		cancel()
		last = err
		n++
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("the last of %d errors is %v", n, last)
	}
}

// Leaving the loop early cancels the items that run.
func TestIMapBreak(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{KillDelay: time.Minute})
	for range 20 {
		items := []task{{1, ""}, {2, "wait"}, {3, "wait"}, {4, "wait"}}
		for r, err := range mp.IMapUnordered(t.Context(), p, Do, slices.Values(items)) {
			if r != 1 || err != nil {
				t.Errorf("%d, %v", r, err)
			}
			break
		}
	}
	if s := p.Stats(); s.Started != 2 || s.Queued != 0 {
		t.Errorf("%+v", s)
	}
	for range 50 { // once the loop is left, at most the item that is being fetched is still taken
		var taken atomic.Int64
		ended := make(chan struct{})
		for range mp.IMap(t.Context(), p, Square, func(yield func(int) bool) {
			defer close(ended)
			for i := 0; yield(i); i++ {
				taken.Add(1)
			}
		}) {
			break
		}
		left := taken.Load()
		<-ended
		if more := taken.Load() - left; more > 1 {
			t.Errorf("%d more items were taken", more)
		}
	}
}
