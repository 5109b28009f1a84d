package synchronize_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

// kit is the argument of Use. How says what Use does with the objects.
type kit struct {
	How       string
	Lock      *synchronize.Lock
	Other     *synchronize.Lock
	Semaphore *synchronize.Semaphore
	Bounded   *synchronize.BoundedSemaphore
	Event     *synchronize.Event
	Condition *synchronize.Condition
	Barrier   *synchronize.Barrier
	N         *sharedmem.Value[int64]
	Times     int
	For       time.Duration
}

// Use is what the processes of these tests do.
var Use = mp.Register("use", use)

func use(ctx context.Context, k kit) (int, error) {
	switch k.How {
	case "acquire":
		return os.Getpid(), k.Lock.Acquire(ctx)
	case "acquire and die":
		if err := k.Lock.Acquire(ctx); err != nil {
			return 0, err
		}
		prog.Kill(os.Getpid())
		select {}
	case "acquire and stay":
		if err := k.Lock.Acquire(ctx); err != nil {
			return 0, err
		}
		k.N.Add(1)
		<-ctx.Done()
		return 0, k.Lock.Release()
	case "notify and stay":
		if err := errors.Join(k.Condition.Acquire(ctx), k.Condition.Notify(1)); err != nil {
			return 0, err
		}
		k.N.Add(1)
		<-ctx.Done()
		return 0, k.Condition.Release()
	case "release":
		return 0, k.Lock.Release()
	case "hog": // until N is not 0
		for k.N.Load() == 0 {
			if err := errors.Join(k.Lock.Acquire(ctx), k.Lock.Release()); err != nil {
				return 0, err
			}
		}
		return 0, nil
	case "count": // with the lock, and not atomically
		for range k.Times {
			if err := k.Lock.Acquire(ctx); err != nil {
				return 0, err
			}
			k.N.Store(k.N.Load() + 1)
			if err := k.Lock.Release(); err != nil {
				return 0, err
			}
		}
		return k.Times, nil
	case "goroutines": // four of them count on the heap, by two handles of the lock
		total := 0
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			l := []*synchronize.Lock{k.Lock, k.Other}[i%2]
			wg.Go(func() {
				for range k.Times {
					if errs[i] = l.Acquire(ctx); errs[i] != nil {
						return
					}
					total++
					if errs[i] = l.Release(); errs[i] != nil {
						return
					}
				}
			})
		}
		wg.Wait()
		return total, errors.Join(errs...)
	case "places":
		if err := k.Bounded.Acquire(ctx); err != nil {
			return 0, err
		}
		k.N.Add(1)
		<-ctx.Done()
		return 0, k.Bounded.Release()
	case "signal":
		return 0, k.Semaphore.Release()
	case "take":
		return 0, k.Semaphore.Acquire(ctx)
	case "signal on": // releases twice, and once more after the event is set
		err := errors.Join(k.Semaphore.Release(), k.Semaphore.Release(), k.Event.Wait(ctx))
		if err == nil {
			err = k.Semaphore.Release()
		}
		return 0, err
	case "set":
		return 0, k.Event.Set()
	case "wait":
		k.N.Add(1)
		return 0, k.Event.Wait(ctx)
	case "sleep": // until notified
		if err := k.Condition.Acquire(ctx); err != nil {
			return 0, err
		}
		k.N.Add(1)
		err := k.Condition.Wait(ctx)
		k.N.Add(1)
		if err == nil {
			err = k.Condition.Release()
		}
		return 0, err
	case "sleep in vain": // as long as For says
		if err := k.Condition.Acquire(ctx); err != nil {
			return 0, err
		}
		began := time.Now()
		short, cancel := context.WithTimeout(ctx, k.For)
		defer cancel()
		err := k.Condition.Wait(short)
		released := k.Condition.Release()
		if took := time.Since(began); took < k.For || !errors.Is(err, context.DeadlineExceeded) {
			return 0, fmt.Errorf("after %v: %w", took, err)
		}
		return 1, released
	case "step": // notifies after each step
		for range k.Times {
			if err := k.Condition.Acquire(ctx); err != nil {
				return 0, err
			}
			k.N.Add(1)
			if err := errors.Join(k.Condition.Notify(1), k.Condition.Release()); err != nil {
				return 0, err
			}
		}
		return 0, nil
	case "rounds":
		for range k.Times {
			if _, err := k.Barrier.Wait(ctx); err != nil {
				return 0, err
			}
			k.N.Add(1)
		}
		return 0, nil
	case "trips": // the party that gets 0 counts each trip, before all go on
		for i := range k.Times {
			mine, err := k.Barrier.Wait(ctx)
			if err == nil && mine == 0 {
				k.N.Add(1)
			}
			if err == nil {
				_, err = k.Barrier.Wait(ctx)
			}
			if n := k.N.Load(); err != nil || n != int64(i+1) {
				return i, fmt.Errorf("%d were counted: %w", n, err)
			}
		}
		return k.Times, nil
	case "close": // waits through four handles, and closes them once the event is set
		var wg sync.WaitGroup
		errs := make([]error, 4)
		party := func(ctx context.Context) error {
			_, err := k.Barrier.Wait(ctx)
			return err
		}
		for i, wait := range []func(context.Context) error{k.Lock.Acquire, k.Semaphore.Acquire, k.Bounded.Acquire, party} {
			wg.Go(func() { errs[i] = wait(ctx) })
		}
		err := errors.Join(k.Event.Wait(ctx), k.Lock.Close(), k.Semaphore.Close(), k.Bounded.Close(), k.Barrier.Close())
		wg.Wait()
		n := 0
		for _, e := range errs {
			if errors.Is(e, mp.ErrClosed) && !errors.Is(e, context.Canceled) {
				n++
			}
		}
		if n < len(errs) {
			err = errors.Join(append(errs, err)...)
		}
		return n, err
	case "party":
		return k.Barrier.Wait(ctx)
	case "party in vain": // comes with a ctx that is over; 1: that has broken the barrier
		synchronize.SetGlance(time.Minute)
		over, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := k.Barrier.Wait(over); !errors.Is(err, context.Canceled) {
			return 0, fmt.Errorf("with a ctx that is over: %w", err)
		}
		if broken, err := k.Barrier.Broken(); !broken {
			return 0, err
		}
		return 1, nil
	}
	panic(k.How)
}

func start(t *testing.T, k kit) *mp.Process[int] {
	t.Helper()
	p, err := mp.Start(context.Background(), Use, k, &mp.ProcessOptions{KillDelay: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func ends(t *testing.T, p *mp.Process[int]) int {
	t.Helper()
	n, err := p.Result(t.Context())
	if err != nil {
		t.Error(err)
	}
	return n
}

// made is what a constructor returns, closed when the test ends.
func made[T interface{ Close() error }](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := v.Close(); err != nil {
				t.Error(err)
			}
		})
		return v
	}
}

// until waits for something that other processes do.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("in vain: " + what)
		}
	}
}

// soon is a ctx that ends soon.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}
