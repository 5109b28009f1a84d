package synchronize_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

type semaphore interface {
	Acquire(ctx context.Context) error
	TryAcquire() (bool, error)
	Release() error
	Value() (int, error)
}

// PY-SYNC-11, PY-SYNC-12, PY-SYNC-13
func TestSemaphores(t *testing.T) {
	leak.Check(t)
	plain, bounded := made(synchronize.NewSemaphore(2))(t), made(synchronize.NewBoundedSemaphore(2))(t)
	for _, s := range []semaphore{plain, bounded} {
		value := func(want int) {
			t.Helper()
			if n, err := s.Value(); n != want || err != nil {
				t.Errorf("%T: the value is %d instead of %d, error %v", s, n, want, err)
			}
		}
		value(2)
		for i := range 2 {
			if err := s.Acquire(t.Context()); err != nil {
				t.Error(err)
			}
			value(1 - i)
		}
		if ok, err := s.TryAcquire(); ok || err != nil {
			t.Error(ok, err)
		}
		if err := s.Acquire(soon(t)); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		for i := range 2 {
			if err := s.Release(); err != nil {
				t.Error(err)
			}
			value(1 + i)
		}
	}
	if err := bounded.Release(); !errors.Is(err, synchronize.ErrNotHeld) {
		t.Error(err)
	}
	if err := plain.Release(); err != nil {
		t.Error(err)
	}
	if plain.String() != "<Semaphore value=3>" || bounded.String() != "<BoundedSemaphore value=2>" {
		t.Error(plain, bounded)
	}
	for _, n := range []int{-1, 0} {
		if s, err := synchronize.NewBoundedSemaphore(n); err == nil {
			t.Error(s)
		}
	}
	if s, err := synchronize.NewSemaphore(-1); err == nil {
		t.Error(s)
	}
}

// A Release of a semaphore in one process lets another one acquire it. The places of a bounded semaphore come back from a
// process that is killed.
func TestSemaphoresAcrossProcesses(t *testing.T) {
	leak.Check(t)
	s, b, n := made(synchronize.NewSemaphore(0))(t), made(synchronize.NewBoundedSemaphore(3))(t), made(sharedmem.NewValue(int64(0)))(t)
	ends(t, start(t, kit{How: "signal", Semaphore: s}))
	if err := s.Acquire(t.Context()); err != nil {
		t.Error(err)
	}
	p, q := start(t, kit{How: "places", Bounded: b, N: n}), start(t, kit{How: "places", Bounded: b, N: n})
	until(t, "both have one", func() bool { return n.Load() == 2 })
	if n, err := b.Value(); n != 1 || err != nil {
		t.Error(n, err)
	}
	if err := b.Release(); !errors.Is(err, synchronize.ErrNotHeld) {
		t.Errorf("it was another one's: %v", err)
	}
	p.Kill()
	q.Kill()
	for range 3 {
		if err := b.Acquire(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// PY-SYNC-22, PY-SYNC-23
func TestEvent(t *testing.T) {
	leak.Check(t)
	e, n := made(synchronize.NewEvent())(t), made(sharedmem.NewValue(int64(0)))(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if set, err := e.IsSet(); set || err != nil || e.String() != "<Event unset>" {
		t.Error(set, err, e)
	}
	if err := e.Wait(over); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := e.Wait(soon(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	waiter := start(t, kit{How: "wait", Event: e, N: n})
	until(t, "it waits", func() bool { return n.Load() == 1 })
	ends(t, start(t, kit{How: "set", Event: e}))
	ends(t, waiter)
	if set, err := e.IsSet(); !set || err != nil || e.String() != "<Event set>" {
		t.Error(set, err, e)
	}
	for _, ctx := range []context.Context{t.Context(), over} {
		if err := e.Wait(ctx); err != nil {
			t.Error(err)
		}
	}
	if err := e.Clear(); err != nil {
		t.Error(err)
	}
	if set, err := e.IsSet(); set || err != nil {
		t.Error(set, err)
	}
}

// sleepers are three processes and three goroutines that wait for c.
func sleepers(t *testing.T, c *synchronize.Condition, n *sharedmem.Value[int64]) (woken func(want int64), end func()) {
	var all []*mp.Process[int]
	var wg sync.WaitGroup
	for range 3 {
		all = append(all, start(t, kit{How: "sleep", Condition: c, N: n}))
		wg.Go(func() {
			if _, err := use(context.Background(), kit{How: "sleep", Condition: c, N: n}); err != nil {
				t.Error(err)
			}
		})
	}
	until(t, "all sleep", func() bool { return n.Load() == 6 && c.String() == "<Condition waiting=6>" })
	woken = func(want int64) {
		t.Helper()
		until(t, "they wake up", func() bool { return n.Load() == 6+want })
	}
	end = func() {
		wg.Wait()
		for _, p := range all {
			ends(t, p)
		}
	}
	return woken, end
}

// PY-SYNC-15: six waiters, in this process and in others, that time out leave no trace in the condition.
func TestSleepersTimeOut(t *testing.T) {
	leak.Check(t)
	c, n := made(synchronize.NewCondition(nil))(t), made(sharedmem.NewValue(int64(0)))(t)
	k := kit{How: "sleep in vain", Condition: c, For: 20 * time.Millisecond}
	var all []*mp.Process[int]
	var wg sync.WaitGroup
	for range 3 {
		all = append(all, start(t, k))
		wg.Go(func() {
			if n, err := use(context.Background(), k); n != 1 || err != nil {
				t.Error(n, err)
			}
		})
	}
	wg.Wait()
	for _, p := range all {
		if ends(t, p) != 1 {
			t.Error("it did not wait")
		}
	}
	if s := c.String(); s != "<Condition waiting=0>" {
		t.Error(s)
	}
	woken, end := sleepers(t, c, n) // the condition serves six other waiters
	if err := errors.Join(c.Acquire(t.Context()), c.NotifyAll(), c.Release()); err != nil {
		t.Error(err)
	}
	woken(6)
	end()
}

// PY-SYNC-14, PY-SYNC-15, PY-SYNC-16
func TestNotify(t *testing.T) {
	leak.Check(t)
	c, n := made(synchronize.NewCondition(nil))(t), made(sharedmem.NewValue(int64(0)))(t)
	woken, end := sleepers(t, c, n)
	notify := func(k int) {
		t.Helper()
		if err := errors.Join(c.Acquire(t.Context()), c.Notify(k), c.Release()); err != nil {
			t.Error(err)
		}
	}
	notify(0)
	notify(1)
	woken(1)
	notify(2)
	woken(3)
	if s := c.String(); s != "<Condition waiting=3>" {
		t.Error(s)
	}
	if err := errors.Join(c.Acquire(t.Context()), c.NotifyAll(), c.Release()); err != nil {
		t.Error(err)
	}
	woken(6)
	end()
	notify(3) // there is no waiter
	if err := c.Notify(-1); err == nil {
		t.Error("−1 were notified")
	}
}

// PY-SYNC-17, PY-SYNC-20, PY-SYNC-21: after a Wait whose ctx has ended, the caller has the lock. Without the lock, Wait and
// Notify fail.
func TestConditionTimeout(t *testing.T) {
	leak.Check(t)
	l := made(synchronize.NewLock())(t)
	c := made(synchronize.NewCondition(l))(t)
	if err := c.Wait(t.Context()); !errors.Is(err, synchronize.ErrNotHeld) {
		t.Error(err)
	}
	if err := c.Notify(1); !errors.Is(err, synchronize.ErrNotHeld) {
		t.Error(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, ctx := range []context.Context{over, soon(t)} {
		if err := l.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(ctx); !errors.Is(err, ctx.Err()) || ctx.Err() == nil {
			t.Error(err)
		}
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	}
	if s := c.String(); s != "<Condition waiting=0>" {
		t.Error(s)
	}
}

// A Wait whose ctx ends at the moment of a notification does not lose it: it returns nil, or the next waiter is notified.
func TestNotifyMeetsTimeout(t *testing.T) {
	leak.Check(t)
	c := made(synchronize.NewCondition(nil))(t)
	waiting := 0
	wait := func(ctx context.Context) <-chan error {
		ended := make(chan error, 1)
		go func() {
			err := c.Acquire(t.Context())
			if err == nil {
				err = c.Wait(ctx)
			}
			ended <- errors.Join(err, c.Release())
		}()
		waiting++
		until(t, "it waits", func() bool { return c.String() == fmt.Sprintf("<Condition waiting=%d>", waiting) })
		return ended
	}
	pause := func() { // in which others may run
		for range rand.IntN(5) {
			runtime.Gosched()
		}
	}
	ends, notified := 0, 0
	for range 300 {
		long, stop := context.WithTimeout(t.Context(), 20*time.Second)
		short, cancel := context.WithCancel(t.Context())
		first, second := wait(short), wait(long)
		if err := c.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		cancel()
		pause()
		if err := c.Notify(1); err != nil {
			t.Error(err)
		}
		pause()
		if err := c.Release(); err != nil {
			t.Error(err)
		}
		switch err := <-first; {
		case err == nil:
			notified++
			if err := errors.Join(c.Acquire(t.Context()), c.Notify(1), c.Release()); err != nil {
				t.Error(err)
			}
		case errors.Is(err, context.Canceled):
			ends++
		default:
			t.Error(err)
		}
		if err := <-second; err != nil {
			t.Fatalf("the notification was for nobody: %v", err)
		}
		waiting = 0
		stop()
	}
	t.Logf("%d times it was notified, %d times over", notified, ends)
}

// PY-SYNC-18, PY-SYNC-19: WaitFor returns nil when another process has made its condition true, step by step. A notification
// before that does not end it.
func TestWaitFor(t *testing.T) {
	leak.Check(t)
	c, n := made(synchronize.NewCondition(nil))(t), made(sharedmem.NewValue(int64(0)))(t)
	if err := c.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := func(steps int64) func() bool { return func() bool { return n.Load() >= steps } }
	vain, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	p := start(t, kit{How: "step", Condition: c, N: n, Times: 3})
	if err := c.WaitFor(vain, in(4)); !errors.Is(err, context.DeadlineExceeded) || vain.Err() == nil {
		t.Error(err)
	}
	if err := c.WaitFor(t.Context(), in(3)); err != nil { // it may have been slow
		t.Error(err)
	}
	q := start(t, kit{How: "step", Condition: c, N: n, Times: 4})
	if err := c.WaitFor(t.Context(), in(7)); err != nil || n.Load() != 7 {
		t.Error(n, err)
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
	ends(t, p)
	ends(t, q)
}

// NewCondition refuses a lock that was never made, and one of another process.
func TestBadCondition(t *testing.T) {
	leak.Check(t)
	if c, err := synchronize.NewCondition(new(synchronize.Lock)); err == nil {
		t.Error(c)
	}
	unmade := new(synchronize.Condition)
	for _, err := range []error{unmade.Acquire(t.Context()), unmade.Release(), unmade.Wait(t.Context()), unmade.Notify(1)} {
		if !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
	}
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	l, err := mp.Apply(t.Context(), pool, Made, false)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := synchronize.NewCondition(l); err == nil {
		t.Error(c)
	}
}

// PY-SYNC-24, PY-SYNC-31: no party is ever a round ahead.
func TestBarrierRounds(t *testing.T) {
	leak.Check(t)
	const rounds, parties = 1000, 5
	b, n := made(synchronize.NewBarrier(parties))(t), made(sharedmem.NewValue(int64(0)))(t)
	var all []*mp.Process[int]
	for range parties - 1 {
		all = append(all, start(t, kit{How: "rounds", Barrier: b, N: n, Times: rounds}))
	}
	for i := range int64(rounds) {
		if _, err := b.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.Add(1)
		if all := n.Load(); all < i*parties+1 || all > (i+1)*parties {
			t.Fatalf("%d were counted in round %d", all, i)
		}
	}
	for _, p := range all {
		ends(t, p)
	}
	if s := b.String(); s != "<Barrier waiting=0 of 5>" {
		t.Error(s)
	}
	if n, err := b.Waiting(); n != 0 || err != nil {
		t.Error(n, err)
	}
	if broken, err := b.Broken(); broken || err != nil {
		t.Error(broken, err)
	}
}

// PY-SYNC-25, PY-SYNC-31: each party gets a different number. At a barrier for one party, Wait does not wait.
func TestBarrierNumbers(t *testing.T) {
	leak.Check(t)
	one, b := made(synchronize.NewBarrier(1))(t), made(synchronize.NewBarrier(3))(t)
	if n, err := one.Wait(t.Context()); n != 0 || err != nil {
		t.Error(n, err)
	}
	p, q := start(t, kit{How: "party", Barrier: b}), start(t, kit{How: "party", Barrier: b})
	mine, err := b.Wait(t.Context())
	if err != nil {
		t.Error(err)
	}
	all := []int{mine, ends(t, p), ends(t, q)}
	slices.Sort(all)
	if !slices.Equal(all, []int{0, 1, 2}) {
		t.Error(all)
	}
	if b, err := synchronize.NewBarrier(0); err == nil {
		t.Error(b)
	}
}

// PY-SYNC-26: what the party with number 0 does between two Waits is done once for each trip, before any party goes on.
func TestBarrierAction(t *testing.T) {
	leak.Check(t)
	b, n := made(synchronize.NewBarrier(3))(t), made(sharedmem.NewValue(int64(0)))(t)
	k := kit{How: "trips", Barrier: b, N: n, Times: 20}
	p, q := start(t, k), start(t, k)
	if _, err := use(t.Context(), k); err != nil {
		t.Error(err)
	}
	ends(t, p)
	ends(t, q)
	if n.Load() != 20 {
		t.Errorf("%v were counted", n)
	}
}

// PY-SYNC-27, PY-SYNC-28, PY-SYNC-29, PY-SYNC-30: Abort, Reset, the end of a ctx and the death of a process end all waits at a
// barrier. After each of them, and a Reset, the barrier lets all parties through.
func TestBrokenBarrier(t *testing.T) {
	leak.Check(t)
	b := made(synchronize.NewBarrier(3))(t)
	for name, end := range map[string]func(p *mp.Process[int]){
		"abort": func(*mp.Process[int]) { b.Abort() },
		"reset": func(*mp.Process[int]) { b.Reset() },
		"kill":  func(p *mp.Process[int]) { p.Kill() },
		"ctx": func(*mp.Process[int]) {
			// The ctx of the Wait in this process is canceled below.
		},
	} {
		p := start(t, kit{How: "party", Barrier: b})
		until(t, "it waits", func() bool { n, _ := b.Waiting(); return n == 1 })
		ctx, cancel := context.WithCancel(t.Context())
		here := make(chan error)
		go func() {
			_, err := b.Wait(ctx)
			here <- err
		}()
		until(t, "we wait", func() bool { n, _ := b.Waiting(); return n == 2 })
		end(p)
		want := synchronize.ErrBrokenBarrier
		if name == "ctx" {
			cancel()
			want = context.Canceled
		}
		if err := <-here; !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		if _, err := p.Result(t.Context()); name != "kill" && !errors.Is(err, synchronize.ErrBrokenBarrier) {
			t.Errorf("%s: %v", name, err)
		}
		until(t, "it is broken", func() bool { broken, _ := b.Broken(); return broken == (name != "reset") })
		if name != "reset" {
			if _, err := b.Wait(t.Context()); !errors.Is(err, synchronize.ErrBrokenBarrier) {
				t.Errorf("%s: %v", name, err)
			}
			if err := b.Reset(); err != nil {
				t.Error(err)
			}
		}
		others := []*mp.Process[int]{start(t, kit{How: "party", Barrier: b}), start(t, kit{How: "party", Barrier: b})}
		if _, err := b.Wait(t.Context()); err != nil { // all three of them
			t.Errorf("%s: after that %v", name, err)
		}
		for _, p := range others {
			ends(t, p)
		}
	}
}
