package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// locking is an errand: to acquire and release Lock, Times times.
type locking struct {
	Lock  *synchronize.Lock
	Times int
}

// baton is what one of two processes has in a handover of three locks. It holds the lock At, acquires the next one, and then
// releases the one that it held. The next one is the lock that the other process holds and then releases in the same way, so
// the two have to take turns.
type baton struct {
	Locks [3]*synchronize.Lock
	At    int
}

var (
	locks = registerErrands("locks", func(ctx context.Context, l locking) (int, error) {
		return l.Times, acquireAndRelease(ctx, l.Lock, l.Times)
	})
	passes = mp.Register("passes", func(ctx context.Context, c *connection.Conn) (int, error) {
		defer c.Close()
		var b baton
		if err := c.Recv(ctx, &b); err != nil {
			return 0, ended(err)
		}
		if err := b.Locks[b.At].Acquire(ctx); err != nil {
			return 0, err
		}
		for n := 0; ; {
			if err := c.Send(ctx, n); err != nil {
				return 0, ended(err)
			}
			if err := c.Recv(ctx, &n); err != nil {
				return 0, ended(err)
			}
			if err := b.pass(ctx, n); err != nil {
				return 0, err
			}
		}
	})
	posts = mp.Register("posts", func(ctx context.Context, c *connection.Conn) (int, error) {
		defer c.Close()
		var s [2]*synchronize.Semaphore
		if err := c.Recv(ctx, &s); err != nil {
			return 0, ended(err)
		}
		for {
			if err := s[0].Acquire(ctx); errors.Is(err, mp.ErrClosed) {
				return 0, nil
			} else if err != nil {
				return 0, err
			}
			if err := s[1].Release(); err != nil {
				return 0, err
			}
		}
	})
)

func acquireAndRelease(ctx context.Context, l *synchronize.Lock, n int) error {
	for range n {
		if err := l.Acquire(ctx); err != nil {
			return err
		}
		if err := l.Release(); err != nil {
			return err
		}
	}
	return nil
}

func (b *baton) pass(ctx context.Context, n int) error {
	for range n {
		last := b.Locks[b.At]
		b.At = (b.At + 1) % len(b.Locks)
		if err := b.Locks[b.At].Acquire(ctx); err != nil {
			return err
		}
		if err := last.Release(); err != nil {
			return err
		}
	}
	return nil
}

// A Lock that only one process wants, and Locks that two processes hand to each other.
func lockRows() []measure.Row {
	const mutex = "Go: sync.Mutex"
	alone := bothWays(10*million, calls, lockInChild)
	return []measure.Row{
		{
			Name: "lock", About: "Acquire and Release of a Lock that nobody else wants, in a process that is not its owner",
			Unit: measure.Seconds, Anchor: mutex, Goal: measure.AtMost(measure.Seconds, 40e-9),
			Cases: append(alone,
				lockInOwner("mp, in its owner", 10*million),
				goMutex(mutex, 10*million),
				compareAndSwap(10*million),
				inPython("Lock", "lock", million, 0),
			),
		},
		{
			Name: "lock/handover", About: "from one process that has the lock to another one that waits for it",
			Unit: measure.Seconds, Anchor: pipe, Goal: measure.AtMost(measure.Seconds, 3e-6),
			Cases: append(bothWays(10*calls, calls, handOver),
				semaphores("mp, two Semaphores", 10*calls),
				handOverFiles(pipe, calls),
				handOverMutex("Go: sync.Mutex, goroutines", 10*calls),
				inPython("Lock", "handover", calls, 0),
				inPython("two Semaphores", "semaphores", calls, 0),
			),
		},
		{
			Name: "lock/asleep", About: "the same and back, when who waits has gone to sleep",
			Unit: measure.Seconds, Anchor: pipe, Goal: measure.TimesAtMost(1.2),
			Cases: append(bothWays(500, 100, handOverAsleep), echoAsleep(pipe, 500)),
		},
	}
}

// lockInChild measures in a process that has received the lock from its owner.
func lockInChild(n int) measure.Case {
	return withCompanion(ours, locks, func(ctx context.Context, m *measure.Meter, c *companion) error {
		l, err := synchronize.NewLock()
		if err != nil {
			return err
		}
		defer l.Close()
		return m.All(n, func(n int) error {
			if err := c.Send(ctx, locking{l, n}); err != nil {
				return err
			}
			did, err := c.done(ctx)
			return counted(did, n, err)
		})
	})
}

// lockInOwner measures in the process that has made the lock, after another process has used it, too.
func lockInOwner(name string, n int) measure.Case {
	return withCompanion(name, locks, func(ctx context.Context, m *measure.Meter, c *companion) error {
		l, err := synchronize.NewLock()
		if err != nil {
			return err
		}
		defer l.Close()
		if err := c.Send(ctx, locking{l, 1}); err != nil {
			return err
		}
		if _, err := c.done(ctx); err != nil {
			return err
		}
		return m.All(n, func(n int) error { return acquireAndRelease(ctx, l, n) })
	})
}

// handOver passes three locks round between their owner and another process. Each of the two does half of the turns.
func handOver(n int) measure.Case {
	return withCompanion(ours, passes, func(ctx context.Context, m *measure.Meter, c *companion) error {
		var b baton
		for i := range b.Locks {
			l, err := synchronize.NewLock()
			if err != nil {
				return err
			}
			defer l.Close()
			b.Locks[i] = l
		}
		if err := b.Locks[b.At].Acquire(ctx); err != nil {
			return err
		}
		if err := c.Send(ctx, baton{b.Locks, 2}); err != nil {
			return err
		}
		if _, err := c.done(ctx); err != nil {
			return err
		}
		return m.All(n, func(n int) error {
			each := (n + 1) / 2
			if err := c.Send(ctx, each); err != nil {
				return err
			}
			if err := b.pass(ctx, each); err != nil {
				return err
			}
			did, err := c.done(ctx)
			return counted(did, each, err)
		})
	})
}

// semaphores wakes another process with one semaphore, and is woken with the other one.
func semaphores(name string, n int) measure.Case {
	return withCompanion(name, posts, func(ctx context.Context, m *measure.Meter, c *companion) error {
		there, err := synchronize.NewSemaphore(0)
		if err != nil {
			return err
		}
		defer there.Close()
		back, err := synchronize.NewSemaphore(0)
		if err != nil {
			return err
		}
		defer back.Close()
		if err := c.Send(ctx, [2]*synchronize.Semaphore{there, back}); err != nil {
			return err
		}
		return m.All(n, func(n int) error {
			for range (n + 1) / 2 {
				if err := there.Release(); err != nil {
					return err
				}
				if err := back.Acquire(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// handOverFiles is how long it takes to wake another process through files of package os: a byte there, a byte back.
func handOverFiles(name string, n int) measure.Case {
	return measure.Case{Name: name, Measure: func(ctx context.Context, m *measure.Meter) error {
		o, err := startOther(ctx, pipes, "echo", 1)
		if err != nil {
			return err
		}
		defer o.Close()
		b := make([]byte, 1)
		return m.All(n, func(n int) error {
			for range (n + 1) / 2 {
				if err := o.echo(b); err != nil {
					return err
				}
			}
			return nil
		})
	}}
}

func goMutex(name string, n int) measure.Case {
	return measure.Case{Name: name, Measure: func(_ context.Context, m *measure.Meter) error {
		var mu sync.Mutex
		var held int
		return m.All(n, func(n int) error {
			for range n {
				mu.Lock()
				held++
				mu.Unlock()
			}
			return nil
		})
	}}
}

func compareAndSwap(n int) measure.Case {
	return measure.Case{Name: "Go: compare and swap, store", Measure: func(_ context.Context, m *measure.Meter) error {
		var word atomic.Uint32
		return m.All(n, func(n int) error {
			for range n {
				if !word.CompareAndSwap(0, 1) {
					return errors.New("it is taken")
				}
				word.Store(0)
			}
			return nil
		})
	}}
}

// handOverMutex is handOver between two goroutines.
func handOverMutex(name string, n int) measure.Case {
	return measure.Case{Name: name, Measure: func(_ context.Context, m *measure.Meter) error {
		return m.All(n, func(n int) error {
			var locks [3]sync.Mutex
			var wg sync.WaitGroup
			locks[0].Lock()
			locks[2].Lock()
			for _, at := range []int{0, 2} {
				wg.Go(func() {
					for range (n + 1) / 2 {
						last := &locks[at]
						at = (at + 1) % len(locks)
						locks[at].Lock()
						last.Unlock()
					}
				})
			}
			wg.Wait()
			return nil
		})
	}}
}
