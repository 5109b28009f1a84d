//go:build unix

package synchronize_test

import (
	"context"
	"errors"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// pair is a lock that its maker holds, an event, and a bounded semaphore with one place, which is free.
type pair struct {
	Lock  *synchronize.Lock
	Event *synchronize.Event
	Place *synchronize.BoundedSemaphore
}

// kept is what MakePair has made, in the worker.
var kept pair

// MakePair makes a pair.
var MakePair = mp.Register("make-pair", func(ctx context.Context, _ int) (p pair, err error) {
	var errs [4]error
	p.Lock, errs[0] = synchronize.NewLock()
	p.Event, errs[1] = synchronize.NewEvent()
	errs[2] = p.Lock.Acquire(ctx)
	p.Place, errs[3] = synchronize.NewBoundedSemaphore(1)
	kept = p
	return p, errors.Join(errs[:]...)
})

var keptSemaphore *synchronize.Semaphore

// MakeSemaphore makes a semaphore.
var MakeSemaphore = mp.Register("make-semaphore", func(_ context.Context, n int) (s *synchronize.Semaphore, err error) {
	keptSemaphore, err = synchronize.NewSemaphore(n)
	return keptSemaphore, err
})

// While the owner is stopped, calls with a ctx end with it, and calls without one end after patience. When the owner goes on,
// nothing is lost.
func TestFrozenOwner(t *testing.T) {
	leak.Check(t)
	synchronize.SetPatience(t, 20*time.Millisecond)
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	p, err := mp.Apply(t.Context(), pool, MakePair, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"not connected", "connected"} {
		owner := pool.Stats().Workers[0].Pid
		if err := prog.Freeze(owner); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Event.IsSet(); !errors.Is(err, mp.ErrTimeout) {
			t.Errorf("%s: %v", when, err)
		}
		if err := p.Lock.Acquire(soon(t)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", when, err)
		}
		if err := p.Event.Wait(soon(t)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", when, err)
		}
		if ok, err := p.Lock.TryAcquire(); ok || err != nil && !errors.Is(err, mp.ErrTimeout) {
			t.Errorf("%s: %v", when, err)
		}
		if s := p.Event.String(); s != "<Event unknown>" {
			t.Errorf("%s: %s", when, s)
		}
		if err := syscall.Kill(owner, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		until(t, "it answers", func() bool { _, err := p.Event.IsSet(); return err == nil })
		until(t, "it says that the lock is held", func() bool {
			ok, err := p.Lock.TryAcquire()
			if ok || err != nil && !errors.Is(err, mp.ErrTimeout) { // our patience is short
				t.Fatalf("%s: %v %v", when, ok, err)
			}
			return err == nil
		})
	}
}

// A call whose ctx has ended before does not wait for an owner that is stopped. What its answer brings later is given back.
func TestFrozenOwnerAtOnce(t *testing.T) {
	leak.Check(t)
	pool := made(mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1}))(t)
	defer pool.Close()
	p, err := mp.Apply(t.Context(), pool, MakePair, 0)
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	synchronize.SetPatience(t, time.Minute)
	for _, when := range []string{"not connected", "connected"} {
		owner := pool.Stats().Workers[0].Pid
		if err := prog.Freeze(owner); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		for i, err := range []error{p.Lock.Acquire(over), p.Event.Wait(over), p.Place.Acquire(over)} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s, %d: %v", when, i, err)
			}
		}
		if took := time.Since(begun); took > 2*time.Second { // less than a call without a ctx takes
			t.Errorf("%s: it took %v", when, took)
		}
		if err := syscall.Kill(owner, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		until(t, "the place is free", func() bool { n, err := p.Place.Value(); return n == 1 && err == nil })
		undo := synchronize.SetGlance(time.Minute) // however busy the machine is
		if err := errors.Join(p.Place.Acquire(over), p.Place.Release(), p.Event.Set(), p.Event.Wait(over), p.Event.Clear()); err != nil {
			t.Errorf("%s: %v", when, err)
		}
		undo()
	}
}

// The first Release of a handle returns nil while the owner is stopped, and counts when the owner goes on. After an error, the
// caller would release once more.
func TestReleaseToFrozenOwner(t *testing.T) {
	leak.Check(t)
	t.Setenv("MP_TRANSPORT", "socket") // each Release goes to the owner
	pool := made(mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1}))(t)
	defer pool.Close()
	s, err := mp.Apply(t.Context(), pool, MakeSemaphore, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Value(); n != 0 || err != nil { // it connects
		t.Fatal(n, err)
	}
	owner := pool.Stats().Workers[0].Pid
	if err := prog.Freeze(owner); err != nil {
		t.Fatal(err)
	}
	synchronize.SetPatience(t, time.Second)
	released := s.Release()
	if err := syscall.Kill(owner, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if released != nil {
		t.Error(released)
	}
	until(t, "it counts", func() bool { n, err := s.Value(); return n == 1 && err == nil })
}

// A holder that is stopped keeps the lock. When it is killed, the next Acquire reports its death at once.
func TestFrozenHolder(t *testing.T) {
	leak.Check(t)
	l, n := made(synchronize.NewLock())(t), made(sharedmem.NewValue(int64(0)))(t)
	p := start(t, kit{How: "acquire and stay", Lock: l, N: n})
	until(t, "it holds the lock", func() bool { return n.Load() == 1 })
	if err := prog.Freeze(p.Pid()); err != nil {
		t.Fatal(err)
	}
	if err := l.Acquire(soon(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if ok, err := l.TryAcquire(); ok || err != nil {
		t.Error(ok, err)
	}
	p.Kill()
	if err := l.Acquire(t.Context()); !errors.Is(err, synchronize.ErrOwnerDied) {
		t.Error(err)
	}
	if err := l.Acquire(t.Context()); err != nil {
		t.Error(err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// A handle in the argument of a process works there, even if this process has no other reference to it before the start.
func TestCollectedBeforeSent(t *testing.T) {
	leak.Check(t)
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	p := func() *mp.Process[int] {
		pair, err := mp.Apply(t.Context(), pool, MakePair, 0)
		if err != nil {
			t.Fatal(err)
		}
		return mp.NewProcess(Use, kit{How: "set", Event: pair.Event}, nil)
	}()
	defer p.Close()
	for range 5 { // other goroutines give up the collected handles
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ends(t, p)
}

// If the client that was told of the holder's death dies before it has heard of it, the next one is told.
func TestWhoIsToldIsDead(t *testing.T) {
	leak.Check(t)
	l, n := made(synchronize.NewLock())(t), made(sharedmem.NewValue(int64(0)))(t)
	holder := start(t, kit{How: "acquire and stay", Lock: l, N: n})
	until(t, "it holds the lock", func() bool { return n.Load() == 1 })
	next := start(t, kit{How: "acquire", Lock: l})
	until(t, "the next one waits", func() bool { return synchronize.Waiting(l) == 1 })
	if err := prog.Freeze(next.Pid()); err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() { got <- l.Acquire(t.Context()) }()
	until(t, "we wait, too", func() bool { return synchronize.Waiting(l) == 2 })
	holder.Kill()
	until(t, "the next one is told", func() bool { return synchronize.Waiting(l) < 2 })
	next.Kill()
	if err := <-got; !errors.Is(err, synchronize.ErrOwnerDied) {
		t.Error(err)
	}
	isFree(t, l)
}

// If a notified waiter is told of a death but dies before it has heard of it, another one is told, and gets the
// notification, too.
func TestWhoIsNotifiedIsDead(t *testing.T) {
	leak.Check(t)
	l, n := made(synchronize.NewLock())(t), made(sharedmem.NewValue(int64(0)))(t)
	c := made(synchronize.NewCondition(l))(t)
	next := start(t, kit{How: "sleep", Condition: c, N: n})
	until(t, "it sleeps, or is about to", func() bool { return n.Load() == 1 })
	if err := c.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() { got <- c.Wait(t.Context()) }()
	holder := start(t, kit{How: "notify and stay", Condition: c, N: n})
	until(t, "the one that sleeps is notified", func() bool { return n.Load() == 2 && synchronize.Waiting(l) == 1 })
	if err := prog.Freeze(next.Pid()); err != nil {
		t.Fatal(err)
	}
	holder.Kill()
	until(t, "it is told", func() bool { return synchronize.Waiting(l) == 0 })
	next.Kill()
	select {
	case err := <-got:
		if !errors.Is(err, synchronize.ErrOwnerDied) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the notification is nobody's")
	}
	isFree(t, l)
}

// If a process dies before it has heard that a semaphore gave it a permit, the permit is there for the next one.
func TestWhoIsGivenIsDead(t *testing.T) {
	leak.Check(t)
	s := made(synchronize.NewSemaphore(0))(t)
	p := start(t, kit{How: "take", Semaphore: s})
	until(t, "it waits", func() bool { return synchronize.WaitingFor(s) == 1 })
	if err := prog.Freeze(p.Pid()); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(); err != nil {
		t.Error(err)
	}
	if n := synchronize.WaitingFor(s); n != 0 {
		t.Errorf("%d wait", n)
	}
	p.Kill()
	if err := p.Join(t.Context()); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Acquire(ctx); err != nil {
		t.Errorf("what the dead was given is lost: %v", err)
	}
	ends(t, start(t, kit{How: "signal", Semaphore: s}))
	ends(t, start(t, kit{How: "take", Semaphore: s})) // a permit that a process has heard of stays taken
	if n, err := s.Value(); n != 0 || err != nil {
		t.Error(n, err)
	}
}
