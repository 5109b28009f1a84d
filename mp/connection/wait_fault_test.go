package connection_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// noWaiters checks that a Wait that has returned has left no goroutine.
func noWaiters(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	if bytes.Contains(stacks, []byte("connection.(*group)")) {
		t.Errorf("a goroutine of Wait is left:\n%s", stacks)
	}
}

// A killed process does not hold up Wait: its objects, and the process itself, are ready.
func TestWaitOwnerDies(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		ctx := within(t)
		x, _, p := has(t, true)
		all := []connection.Waitable{x.Queue, x.Event, p}
		for _, w := range all { // connects each, and none is ready
			if _, err := connection.Wait(over, w); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		ready := make(chan error)
		for _, w := range all {
			go func() {
				got, err := connection.Wait(ctx, w)
				if err == nil && (len(got) != 1 || got[0] != w) {
					err = fmt.Errorf("%v", got)
				}
				ready <- err
			}()
		}
		prog.Kill(p.Pid())
		for range all {
			if err := <-ready; err != nil {
				t.Error(err)
			}
		}
		if got, err := connection.Wait(over, all...); !slices.Equal(got, all) || err != nil {
			t.Error(got, err)
		}
		if _, err := x.Queue.TryGet(); !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
	})
}

// A stopped process does not hold up Wait, which ends with its ctx, and when another Waitable is ready.
func TestWaitFrozenOwner(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		for _, connected := range []bool{true, false} {
			ctx := within(t)
			x, do, p := has(t, true)
			a, b := pipe(t)
			if connected {
				if err := errors.Join(do("put"), do("set")); err != nil {
					t.Fatal(err)
				}
				for _, w := range []connection.Waitable{x.Queue, x.Event} { // one by one: of two answers, one may come too late
					if ready, err := connection.Wait(ctx, w); len(ready) != 1 || err != nil {
						t.Fatal(ready, err)
					}
				}
			}
			if err := prog.Freeze(p.Pid()); err != nil {
				t.Skip(err)
			}
			soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			for i, ended := range []context.Context{soon, over} {
				if i > 0 && !connected { // this Wait takes a second
					break
				}
				began := time.Now()
				if ready, err := connection.Wait(ended, x.Queue, a, x.Event); len(ready) > 0 || !errors.Is(err, ended.Err()) {
					t.Error(ready, err)
				}
				if took := time.Since(began); took > patience/6 {
					t.Error(took)
				}
				noWaiters(t)
			}
			waited := make(chan []connection.Waitable)
			go func() {
				ready, err := connection.Wait(ctx, x.Queue, a, x.Event)
				if err != nil {
					t.Error(err)
				}
				waited <- ready
			}()
			if err := b.Send(ctx, 1); err != nil {
				t.Error(err)
			}
			if ready := <-waited; !slices.Equal(ready, []connection.Waitable{a}) {
				t.Error(ready)
			}
			prog.Kill(p.Pid())
			if ready, err := connection.Wait(ctx, x.Queue); len(ready) != 1 || err != nil {
				t.Error(ready, err)
			}
		}
	})
}

// A Waitable that is closed during a Wait is ready, even if only this process's handle is closed.
func TestWaitClosedMeanwhile(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	for _, elsewhere := range []bool{false, true} {
		x, _, _ := has(t, elsewhere)
		a, _ := pipe(t)
		l := listen(t, place{"tcp", ""}, nil)
		for _, w := range []interface{ Close() error }{x.Queue, x.Event, a, l} {
			waited := make(chan error)
			go func() {
				_, err := connection.Wait(ctx, w)
				waited <- err
			}()
			time.AfterFunc(time.Millisecond, func() { w.Close() })
			if err := <-waited; err != nil {
				t.Errorf("%T: %v", w, err)
			}
			if ready, err := connection.Wait(over, w); len(ready) != 1 || err != nil {
				t.Errorf("%T: %v, %v", w, ready, err)
			}
		}
	}
}

// Among a thousand Waitables of all kinds, in this process and others, Wait finds the one that becomes ready. PY-WAIT-06
func TestWaitThousand(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	theirs, do, p := has(t, true)
	ours, _, _ := has(t, false)
	defer ours.Queue.Close()
	a, b := pipe(t)
	var all []connection.Waitable
	for len(all) < 1000 {
		all = append(all, a, theirs.Queue, ours.Event, p, theirs.Event, ours.Queue, make(chan struct{}), ctx)
	}
	for _, step := range []struct {
		who    connection.Waitable
		do     func() error
		undone func() error
	}{
		{a, func() error { return b.Send(ctx, 1) }, func() error { return a.Recv(ctx, new(int)) }},
		{theirs.Queue, func() error { return do("put") }, func() error { return do("get") }},
		{theirs.Event, func() error { return do("set") }, func() error { return do("clear") }},
		{ours.Queue, func() error { return ours.do(ctx, "put") }, func() error { return ours.do(ctx, "get") }},
		{ours.Event, func() error { return ours.do(ctx, "set") }, func() error { return ours.do(ctx, "clear") }},
	} {
		if ready, err := connection.Wait(over, all...); !errors.Is(err, context.Canceled) {
			t.Fatal(ready, err)
		}
		did := make(chan error)
		go func() { did <- step.do() }()
		ready, err := connection.Wait(ctx, all...)
		if err = errors.Join(err, <-did); err != nil || len(ready) == 0 {
			t.Fatal(ready, err)
		}
		noWaiters(t)
		if i := slices.IndexFunc(ready, func(w connection.Waitable) bool { return w != step.who }); i >= 0 {
			t.Errorf("%v is ready, and it was %v", ready[i], step.who)
		}
		if err := step.undone(); err != nil {
			t.Fatal(err)
		}
	}
}
