package synchronize_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// PY-SYNC-02
func TestLock(t *testing.T) {
	leak.Check(t)
	l := made(synchronize.NewLock())(t)
	if err := l.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ok, err := l.TryAcquire(); ok || err != nil {
		t.Errorf("it was acquired twice; error %v", err)
	}
	if err := l.Acquire(soon(t)); !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "mp: Lock.Acquire: ") {
		t.Errorf("it was acquired twice: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	if err := l.Release(); !errors.Is(err, synchronize.ErrNotHeld) {
		t.Errorf("it was released twice: %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Acquire(over); err != nil {
		t.Errorf("it was free, and a ctx that is over is no reason: %v", err)
	}
	if err := l.Acquire(over); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// A lock that a child holds is held for the parent, too, which cannot release it. String shows the holder. PY-SYNC-01
func TestLockAcrossProcesses(t *testing.T) {
	leak.Check(t)
	l, n := made(synchronize.NewLock())(t), made(sharedmem.NewValue(int64(0)))(t)
	if s := l.String(); s != "<Lock free>" {
		t.Error(s)
	}
	p := start(t, kit{How: "acquire and stay", Lock: l, N: n})
	until(t, "it holds the lock", func() bool { return n.Load() == 1 })
	if s, want := l.String(), fmt.Sprintf("<Lock held by %s (pid %d)>", p.Name(), p.Pid()); s != want {
		t.Errorf("%s instead of %s", s, want)
	}
	if ok, err := l.TryAcquire(); ok || err != nil {
		t.Errorf("two have it; error %v", err)
	}
	if err := l.Release(); !errors.Is(err, synchronize.ErrNotHeld) {
		t.Errorf("released in another process: %v", err)
	}
	if err := p.Interrupt(); err != nil {
		t.Fatal(err)
	}
	if err := p.Terminate(); err != nil {
		t.Fatal(err)
	}
	if err := l.Acquire(t.Context()); !errors.Is(err, synchronize.ErrOwnerDied) {
		t.Errorf("its holder has ended: %v", err)
	}
	if err := l.Acquire(t.Context()); err != nil {
		t.Error(err)
	}
	if s, want := l.String(), fmt.Sprintf("<Lock held by MainProcess (pid %d)>", os.Getpid()); s != want {
		t.Errorf("%s instead of %s", s, want)
	}
	q := start(t, kit{How: "release", Lock: l})
	if _, err := q.Result(t.Context()); !errors.Is(err, synchronize.ErrNotHeld) {
		t.Errorf("released in another process: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// When a process ends with the lock, killed or not, one Acquire fails and does not get the lock; the next one gets it. PY-SYNC-03
func TestOwnerDies(t *testing.T) {
	leak.Check(t)
	for _, how := range []string{"acquire", "acquire and die"} {
		l := made(synchronize.NewLock())(t)
		p := start(t, kit{How: how, Lock: l})
		if err := p.Join(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := l.Acquire(t.Context())
		if !errors.Is(err, synchronize.ErrOwnerDied) {
			t.Fatalf("%s: %v", how, err)
		}
		if err := l.Release(); !errors.Is(err, synchronize.ErrNotHeld) {
			t.Errorf("%s: it came with the error: %v", how, err)
		}
		if err := l.Acquire(t.Context()); err != nil {
			t.Errorf("%s: %v", how, err)
		}
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	}
}

// The death of the holder wakes a waiter, which does not get the lock.
func TestOwnerDiesWhileOthersWait(t *testing.T) {
	leak.Check(t)
	l, n := made(synchronize.NewLock())(t), made(sharedmem.NewValue(int64(0)))(t)
	p := start(t, kit{How: "acquire and stay", Lock: l, N: n})
	until(t, "it holds the lock", func() bool { return n.Load() == 1 })
	q := start(t, kit{How: "acquire", Lock: l})
	until(t, "the other one waits", func() bool { return synchronize.Waiting(l) == 1 })
	p.Kill()
	if _, err := q.Result(t.Context()); !errors.Is(err, synchronize.ErrOwnerDied) {
		t.Error(err)
	}
	if ok, err := l.TryAcquire(); !ok || err != nil {
		t.Error(ok, err)
	}
}

// Counters that the lock protects are exact, whichever processes and goroutines count. For the one on the heap, the race
// detector agrees.
func TestMutualExclusion(t *testing.T) {
	leak.Check(t)
	l, n := made(synchronize.NewLock())(t), made(sharedmem.NewValue(int64(0)))(t)
	const times = 500
	children := []*mp.Process[int]{
		start(t, kit{How: "count", Lock: l, N: n, Times: times}),
		start(t, kit{How: "count", Lock: l, N: n, Times: times}),
	}
	plain := 0
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range times {
				if err := l.Acquire(t.Context()); err != nil {
					t.Error(err)
					return
				}
				plain++
				n.Store(n.Load() + 1)
				if err := l.Release(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for _, p := range children {
		ends(t, p)
	}
	if n.Load() != 4*times || plain != 2*times {
		t.Errorf("%d and %d were counted", n.Load(), plain)
	}
}

// Goroutines of one process, the owner or a child, change its memory with the lock held: there is no race, also for the race
// detector, whichever handle of the lock they use, and whether they find it free or wait for it.
func TestLockOrders(t *testing.T) {
	leak.Check(t)
	for _, transport := range []string{"shm", "socket"} {
		t.Setenv("MP_TRANSPORT", transport)
		l := made(synchronize.NewLock())(t)
		const times = 300
		p := start(t, kit{How: "goroutines", Lock: l, Other: l, Times: times})
		if n, err := use(t.Context(), kit{How: "goroutines", Lock: l, Other: l, Times: times}); n != 4*times || err != nil {
			t.Error(n, err)
		}
		if n := ends(t, p); n != 4*times {
			t.Error(n)
		}
	}
}

// Waiters get the lock in the order in which they came.
func TestLockIsFair(t *testing.T) {
	leak.Check(t)
	l := made(synchronize.NewLock())(t)
	if err := l.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	order := make(chan int, 10)
	var wg sync.WaitGroup
	for i := range cap(order) {
		waiting := synchronize.Waiting(l)
		wg.Go(func() {
			if err := l.Acquire(t.Context()); err != nil {
				t.Error(err)
			}
			order <- i
			if err := l.Release(); err != nil {
				t.Error(err)
			}
		})
		until(t, "it waits", func() bool { return synchronize.Waiting(l) > waiting })
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	for i := range cap(order) {
		if n := <-order; n != i {
			t.Errorf("number %d came at %d", n, i)
		}
	}
}

// A process that takes the lock again as soon as it has released it does not keep it from others.
func TestLockIsNotKept(t *testing.T) {
	leak.Check(t)
	l, n := made(synchronize.NewLock())(t), made(sharedmem.NewValue(int64(0)))(t)
	hogs := []*mp.Process[int]{start(t, kit{How: "hog", Lock: l, N: n}), start(t, kit{How: "hog", Lock: l, N: n})}
	for range 200 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := l.Acquire(ctx); err != nil {
			t.Error(err)
		} else if err := l.Release(); err != nil {
			t.Error(err)
		}
		cancel()
	}
	n.Store(1)
	for _, p := range hogs {
		ends(t, p)
	}
}

// Made returns a lock that its process has made and holds.
var Made = mp.Register("made", func(ctx context.Context, _ bool) (*synchronize.Lock, error) {
	l, err := synchronize.NewLock()
	if err == nil {
		err = l.Acquire(ctx)
	}
	return l, err
})

// When the owner of a lock ends, all waiters and all later callers get ErrClosed.
func TestMakerEnds(t *testing.T) {
	leak.Check(t)
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	l, err := mp.Apply(t.Context(), pool, Made, false)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := l.TryAcquire(); ok || err != nil {
		t.Error(ok, err)
	}
	child := start(t, kit{How: "acquire", Lock: l})
	pool.Close()
	for range 2 {
		if err := l.Acquire(t.Context()); !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
	}
	if _, err := child.Result(t.Context()); !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
	if s := l.String(); s != "<Lock closed>" {
		t.Error(s)
	}
}

// Close wakes all waiters, in this process and in others.
func TestClose(t *testing.T) {
	leak.Check(t)
	l := made(synchronize.NewLock())(t)
	if err := l.Acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := start(t, kit{How: "acquire", Lock: l})
	here := make(chan error)
	go func() { here <- l.Acquire(context.Background()) }()
	until(t, "two wait", func() bool { return synchronize.Waiting(l) == 2 })
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := <-here; !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
	if _, err := p.Result(t.Context()); !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
	for _, err := range []error{l.Acquire(t.Context()), l.Release(), new(synchronize.Lock).Acquire(t.Context())} {
		if !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
	}
	if _, err := mp.Start(t.Context(), Use, kit{How: "acquire", Lock: l}, nil); !errors.Is(err, mp.ErrClosed) {
		t.Errorf("it was sent: %v", err)
	}
}

// The objects cannot be encoded as JSON, nor by msgpack outside of this library's messages.
func TestElsewhere(t *testing.T) {
	leak.Check(t)
	for _, v := range []any{
		made(synchronize.NewLock())(t), made(synchronize.NewSemaphore(1))(t), made(synchronize.NewBoundedSemaphore(1))(t),
		made(synchronize.NewEvent())(t), made(synchronize.NewCondition(nil))(t), made(synchronize.NewBarrier(1))(t),
	} {
		if b, err := json.Marshal(v); err == nil {
			t.Errorf("%T in JSON is %s", v, b)
		}
		if b, err := msgpack.Marshal(v); err == nil {
			t.Errorf("%T in msgpack is %q", v, b)
		}
	}
}
