package synchronize_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// When the owner closes a lock that its goroutines and another process use all the time, all of them get ErrClosed.
func TestCloseDuringEverything(t *testing.T) {
	leak.Check(t)
	n := made(sharedmem.NewValue(int64(0)))(t)
	for range 20 {
		l := made(synchronize.NewLock())(t)
		p := start(t, kit{How: "count", Lock: l, N: n, Times: 1 << 30})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				var err error
				for err == nil {
					if err = l.Acquire(t.Context()); err == nil {
						err = l.Release()
					}
				}
				if !errors.Is(err, mp.ErrClosed) {
					t.Error(err)
				}
			})
		}
		time.Sleep(rand.N(5 * time.Millisecond))
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if _, err := p.Result(t.Context()); !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
	}
}

// A Release of a semaphore that its owner has closed fails, although Release waits for no answer.
func TestReleaseOfAClosedSemaphore(t *testing.T) {
	leak.Check(t)
	e := made(synchronize.NewEvent())(t)
	s := made(synchronize.NewSemaphore(0))(t)
	p := start(t, kit{How: "signal on", Semaphore: s, Event: e})
	until(t, "it has added two", func() bool { n, _ := s.Value(); return n == 2 })
	if err := errors.Join(s.Close(), e.Set()); err != nil {
		t.Error(err)
	}
	if _, err := p.Result(t.Context()); !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
}

// Close in another process ends the waits through the handle there, and takes nothing from other processes. PY-SYNC-02,
// PY-SYNC-11, PY-SYNC-12
func TestCloseOfAHandleThatWaits(t *testing.T) {
	leak.Check(t)
	l := made(synchronize.NewLock())(t)
	s := made(synchronize.NewSemaphore(0))(t)
	b := made(synchronize.NewBoundedSemaphore(1))(t)
	e := made(synchronize.NewEvent())(t)
	party := made(synchronize.NewBarrier(2))(t)
	if err := errors.Join(l.Acquire(t.Context()), b.Acquire(t.Context())); err != nil {
		t.Fatal(err)
	}
	p := start(t, kit{How: "close", Lock: l, Semaphore: s, Bounded: b, Event: e, Barrier: party})
	until(t, "it waits", func() bool {
		n, _ := party.Waiting()
		return n == 1 && synchronize.Waiting(l) == 1 && synchronize.WaitingFor(s) == 1 && synchronize.WaitingFor(b) == 1
	})
	if err := e.Set(); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if n, err := p.Result(ctx); n != 4 || err != nil {
		t.Error(n, err)
	}
	until(t, "nobody waits", func() bool {
		n, err := party.Waiting()
		return n == 0 && err == nil && synchronize.Waiting(l) == 0 && synchronize.WaitingFor(s) == 0 && synchronize.WaitingFor(b) == 0
	})
	if err := errors.Join(l.Release(), s.Release(), b.Release()); err != nil {
		t.Error(err)
	}
	if err := errors.Join(l.Acquire(ctx), s.Acquire(ctx), b.Acquire(ctx)); err != nil {
		t.Error(err)
	}
	if _, err := party.Wait(ctx); !errors.Is(err, synchronize.ErrBrokenBarrier) {
		t.Error(err)
	}
}

// signs are two handles of one semaphore, and an event that is set once the semaphore was closed.
type signs struct {
	First, Second *synchronize.Semaphore
	Closed        *synchronize.Event
}

// SignalInVain learns by one handle that the semaphore was closed, and adds to it by the other one.
var SignalInVain = mp.Register("signal-in-vain", func(ctx context.Context, s signs) (int, error) {
	if err := s.Closed.Wait(ctx); err != nil {
		return 0, err
	}
	for i, err := range []error{s.First.Acquire(ctx), s.Second.Release(), s.Second.Release()} {
		if !errors.Is(err, mp.ErrClosed) {
			return 0, fmt.Errorf("call %d: %v", i, err)
		}
	}
	return 0, nil
})

// Once a process knows by one handle that a semaphore is closed, Release by another handle fails there, too, although it waits
// for no answer.
func TestReleaseByAnotherHandle(t *testing.T) {
	leak.Check(t)
	for _, transport := range []string{"shm", "socket"} {
		t.Setenv("MP_TRANSPORT", transport)
		s, e := made(synchronize.NewSemaphore(0))(t), made(synchronize.NewEvent())(t)
		p, err := mp.Start(t.Context(), SignalInVain, signs{s, s, e}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Close(), e.Set()); err != nil {
			t.Error(err)
		}
		if _, err := p.Result(t.Context()); err != nil {
			t.Errorf("%s: %v", transport, err)
		}
		p.Close()
	}
}

// A permit that a function has added in another process is there when the function's result is, even if it was the first use of
// the handle.
func TestFirstRelease(t *testing.T) {
	leak.Check(t)
	for _, transport := range []string{"shm", "socket"} {
		t.Run(transport, func(t *testing.T) {
			t.Setenv("MP_TRANSPORT", transport)
			pool := made(mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1}))(t)
			s := made(synchronize.NewSemaphore(0))(t)
			missing := 0
			for range 1000 {
				if _, err := mp.Apply(t.Context(), pool, Use, kit{How: "signal", Semaphore: s}); err != nil {
					t.Fatal(err)
				}
				if ok, err := s.TryAcquire(); err != nil {
					t.Fatal(err)
				} else if !ok {
					missing++
					if err := s.Acquire(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if missing > 0 {
				t.Errorf("%d times it was not there", missing)
			}
		})
	}
}
