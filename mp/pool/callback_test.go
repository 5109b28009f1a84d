package pool_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// PY-FUT-01, PY-POOL-03: callbacks run once, in order, however the call ends, also those that are registered after its end.
func TestOnDone(t *testing.T) {
	p := newPool(t, nil)
	for name, c := range map[string]struct {
		submit func() *mp.Future[int]
		check  func(n int, err error) bool
	}{
		"a result": {
			func() *mp.Future[int] { return mp.Submit(t.Context(), p, Square, 3) },
			func(n int, err error) bool { return n == 9 && err == nil },
		},
		"an error": {
			func() *mp.Future[int] { return mp.Submit(t.Context(), p, Do, task{3, "fail"}) },
			func(_ int, err error) bool { return errors.Is(err, errUnlucky) },
		},
		"a death": {
			func() *mp.Future[int] { return mp.Submit(t.Context(), p, Do, task{3, "exit"}) },
			func(_ int, err error) bool { return errors.As(err, new(*mp.ExitError)) },
		},
		"a cancel": {
			func() *mp.Future[int] {
				f := mp.Submit(t.Context(), p, Do, task{3, "wait"})
				time.AfterFunc(time.Millisecond, func() { f.Cancel() })
				return f
			},
			func(_ int, err error) bool { return errors.Is(err, context.Canceled) },
		},
		"a refusal": {
			func() *mp.Future[int] { return mp.Submit(over(), p, Square, 3) },
			func(_ int, err error) bool { return errors.Is(err, context.Canceled) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := c.submit()
			calls := make(chan int, 10)
			note := func(i int) {
				f.OnDone(func(done *mp.Future[int]) {
					if n, err := done.Wait(over()); done != f || !c.check(n, err) {
						t.Errorf("%v: %d, %v", done, n, err)
					}
					calls <- i
				})
			}
			note(0)
			note(1)
			<-f.Done()
			note(2)
			note(3)
			var order []int
			for range 4 {
				order = append(order, <-calls)
			}
			last := make(chan bool)
			f.OnDone(func(*mp.Future[int]) { close(last) })
			<-last
			if !slices.Equal(order, numbers(4)) || len(calls) != 0 {
				t.Errorf("%v, and %d more", order, len(calls))
			}
		})
	}
}

// PY-FUT-01: a callback that panics or ends its goroutine does not keep the next ones from running.
func TestCallbackPanics(t *testing.T) {
	var log bytes.Buffer
	p := newPool(t, &mp.PoolOptions{Logger: hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Error})})
	f := mp.Submit(t.Context(), p, Do, task{0, "wait"})
	ran := make(chan bool)
	f.OnDone(func(*mp.Future[int]) { panic("what a pity") })
	f.OnDone(func(*mp.Future[int]) { runtime.Goexit() })
	f.OnDone(func(*mp.Future[int]) { close(ran) })
	f.Cancel()
	<-ran
	for _, want := range []string{"a callback panicked", "function=do", "what a pity", "TestCallbackPanics"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %q: %s", want, &log)
		}
	}
}

// A slow callback delays only the next callbacks of its own future, and not the pool.
func TestSlowCallback(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1})
	slow := mp.Submit(t.Context(), p, Square, 1)
	release, second := make(chan bool), make(chan bool)
	slow.OnDone(func(*mp.Future[int]) { <-release })
	slow.OnDone(func(*mp.Future[int]) { close(second) })
	if _, err := mp.Map(t.Context(), p, Square, numbers(100)); err != nil {
		t.Error(err)
	}
	quick := make(chan bool)
	mp.Submit(t.Context(), p, Square, 2).OnDone(func(*mp.Future[int]) { close(quick) })
	<-quick
	if err := p.Shutdown(t.Context()); err != nil { // it does not wait for callbacks
		t.Error(err)
	}
	select {
	case <-second:
		t.Error("the second did not wait for the first")
	default:
	}
	close(release)
	<-second
}

// PY-POOL-31
func TestCloseInACallback(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{KillDelay: time.Millisecond})
	first := mp.Submit(t.Context(), p, Square, 1)
	others := submitAll(t, p, slices.Repeat([]string{"deaf", "wait"}, 50)...)
	closed := make(chan error)
	first.OnDone(func(*mp.Future[int]) { closed <- p.Close() })
	if err := <-closed; err != nil {
		t.Error(err)
	}
	for _, f := range others {
		if _, err := f.Wait(t.Context()); !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
	}
}
