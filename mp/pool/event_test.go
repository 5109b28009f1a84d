package pool_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

// A function of OnEvent that ends its goroutine, as t.FailNow does, is still called for the next event.
func TestEventsAfterGoexit(t *testing.T) {
	heard := make(chan pool.Event, 10)
	p := newPool(t, &mp.PoolOptions{Workers: 1, OnEvent: func(e pool.Event) {
		heard <- e
		runtime.Goexit()
	}})
	if _, err := mp.Apply(t.Context(), p, Do, task{1, "exit"}); err == nil {
		t.Error("it has not exited")
	}
	for _, want := range []pool.EventKind{pool.EventStarted, pool.EventDied, pool.EventStarted} {
		select {
		case e := <-heard:
			if e.Kind != want {
				t.Errorf("%v, want %s", e, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no event %q", want)
		}
	}
}
