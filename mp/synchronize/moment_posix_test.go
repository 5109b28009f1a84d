//go:build unix

package synchronize_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// Late waits for the condition or the barrier with a ctx that ends soon, and returns how the wait ended. The test stops its
// process meanwhile.
var Late = mp.Register("late", func(ctx context.Context, k kit) (string, error) {
	if k.Condition != nil {
		if err := k.Condition.Acquire(ctx); err != nil {
			return "", err
		}
	}
	k.N.Store(1)
	short, cancel := context.WithTimeout(ctx, k.For)
	defer cancel()
	var err error
	if k.Condition != nil {
		err = k.Condition.Wait(short)
	} else {
		_, err = k.Barrier.Wait(short)
	}
	k.N.Store(2)
	switch {
	case err == nil:
		return "answered", nil
	case errors.Is(err, synchronize.ErrOwnerDied):
		return "died", nil
	case !errors.Is(err, context.DeadlineExceeded):
		return "", err
	case k.Condition != nil:
		return "over", k.Condition.Release() // the error means that the caller has the lock
	}
	broken, err := k.Barrier.Broken()
	if broken {
		return "over and broken", err
	}
	return "over and whole", err
})

// late runs Late in a process and stops the process while it waits. Then it calls meanwhile, lets the ctx end and the process go
// on, and returns the result; "": the wait ended before the stop.
func late(t *testing.T, k kit, waits func() bool, meanwhile func()) string {
	t.Helper()
	k.For, k.N = 100*time.Millisecond, made(sharedmem.NewValue(int64(0)))(t)
	p, err := mp.Start(t.Context(), Late, k, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	until(t, "it waits, or did not in time", func() bool { return k.N.Load() == 2 || waits() })
	if err := prog.Freeze(p.Pid()); k.N.Load() == 2 { // its ctx ended before the stop, and the process may have ended, too
		_ = syscall.Kill(p.Pid(), syscall.SIGCONT)
		_ = p.Join(t.Context())
		return ""
	} else if err != nil {
		t.Fatal(err)
	}
	meanwhile()
	time.Sleep(k.For) // until its ctx has ended: there is no other sign of that
	if err := syscall.Kill(p.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	how, err := p.Result(ctx)
	if err != nil {
		t.Error(err)
	}
	return how
}

// lateParty returns a barrier that this process has passed and then used while the ctx of the other party ended, and the other
// party's result.
func lateParty(t *testing.T, use func(b *synchronize.Barrier) error) (b *synchronize.Barrier, how string) {
	t.Helper()
	for range 50 {
		b := made(synchronize.NewBarrier(2))(t)
		passed := false
		how := late(t, kit{Barrier: b},
			func() bool { n, _ := b.Waiting(); return n == 1 },
			func() {
				_, err := b.Wait(soon(t))
				passed = errors.Join(err, use(b)) == nil
			})
		if passed && strings.HasPrefix(how, "over") {
			return b, how
		}
	}
	t.Fatal("it was never late")
	return nil, ""
}

// A party whose ctx ends when the others have passed already breaks the barrier, as it will not come the next time. PY-SYNC-27
func TestLateParty(t *testing.T) {
	leak.Check(t)
	if _, how := lateParty(t, func(*synchronize.Barrier) error { return nil }); how != "over and broken" {
		t.Error(how)
	}
}

// A party whose ctx ends after all have passed does not break a barrier that was reset meanwhile. PY-SYNC-27
func TestLateForReset(t *testing.T) {
	leak.Check(t)
	b, how := lateParty(t, (*synchronize.Barrier).Reset)
	if broken, err := b.Broken(); broken || err != nil || how != "over and whole" {
		t.Error(how, broken, err)
	}
}

// NotifyAndDie notifies a waiter, and dies with the lock.
var NotifyAndDie = mp.Register("notify-and-die", func(ctx context.Context, k kit) (int, error) {
	if err := errors.Join(k.Condition.Acquire(ctx), k.Condition.Notify(1)); err != nil {
		return 0, err
	}
	prog.Kill(os.Getpid())
	select {}
})

// A Wait that is told of a death when its ctx has just ended returns without the lock. PY-SYNC-17
func TestLateForDeath(t *testing.T) {
	leak.Check(t)
	died := 0
	for tries := 0; died < 5 && tries < 50; tries++ {
		l := made(synchronize.NewLock())(t)
		c := made(synchronize.NewCondition(l))(t)
		how := late(t, kit{Condition: c},
			func() bool { return c.String() == "<Condition waiting=1>" },
			func() {
				p, err := mp.Start(t.Context(), NotifyAndDie, kit{Condition: c}, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				if err := p.Join(t.Context()); err != nil {
					t.Error(err)
				}
				until(t, "the lock is free", func() bool { return l.String() == "<Lock free>" })
			})
		switch how {
		case "died":
			died++
		case "": // it was too early
		default:
			t.Error(how)
		}
	}
	if died == 0 {
		t.Error("it was never late")
	}
}
