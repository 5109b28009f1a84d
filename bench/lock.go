package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// locking is an errand: to take a lock and to give it back, so many times.
type locking struct {
	Lock  *synchronize.Lock
	Times int
}

// passing is an errand: to take the lock when it is our turn, so many times. Turns are odd for one process and even for the other.
type passing struct {
	Lock  *synchronize.Lock
	Turn  *sharedmem.Value[int64]
	Times int
}

var (
	locks = registerErrands("locks", func(ctx context.Context, l locking) (int, error) {
		return l.Times, acquireAndRelease(ctx, l.Lock, l.Times)
	})
	passes = registerErrands("passes", func(ctx context.Context, p passing) (int, error) { return p.Times, p.pass(ctx, 1) })
	posts  = mp.Register("posts", func(ctx context.Context, c *connection.Conn) (int, error) {
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

// pass takes the lock for each turn of ours, and as often in between as it comes by.
func (p passing) pass(ctx context.Context, side int64) error {
	for n := 0; n < p.Times; {
		if err := p.Lock.Acquire(ctx); err != nil {
			return err
		}
		if turn := p.Turn.Load(); turn&1 == side {
			p.Turn.Store(turn + 1)
			n++
		}
		if err := p.Lock.Release(); err != nil {
			return err
		}
	}
	return nil
}

// Locks that nobody else wants, and one that two processes want all the time.
func lockRows() []measure.Row {
	const mutex = "Go: sync.Mutex"
	alone := bothWays(ours, 10*million, calls, lockInChild)
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
			Cases: append(bothWays(ours, 10*calls, calls, handOver),
				semaphores("mp, two Semaphores", 10*calls),
				handOverFiles(pipe, calls),
				handOverMutex("Go: sync.Mutex, goroutines", 10*calls),
				inPython("Lock", "handover", calls, 0),
				inPython("two Semaphores", "semaphores", calls, 0),
			),
		},
	}
}

// lockInChild has a process lock that has got the lock from its owner.
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

// lockInOwner is the same in the process that has made the lock, when another one has it, too.
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

// handOver is between the owner and another process. Half of the turns are of each.
func handOver(n int) measure.Case {
	return withCompanion(ours, passes, func(ctx context.Context, m *measure.Meter, c *companion) error {
		l, err := synchronize.NewLock()
		if err != nil {
			return err
		}
		defer l.Close()
		turn, err := sharedmem.NewValue(int64(0))
		if err != nil {
			return err
		}
		defer turn.Close()
		return m.All(n, func(n int) error {
			p := passing{l, turn, (n + 1) / 2}
			if err := c.Send(ctx, p); err != nil {
				return err
			}
			if err := p.pass(ctx, 0); err != nil {
				return err
			}
			did, err := c.done(ctx)
			return counted(did, p.Times, err)
		})
	})
}

// semaphores wakes another process with one and is woken with the other.
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
				if _, err := o.w.Write(b); err != nil {
					return err
				}
				if _, err := io.ReadFull(o.r, b); err != nil {
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
		return m.All(n, func(n int) error {
			for range n {
				mu.Lock()
				mu.Unlock() //nolint:staticcheck // that is what is measured
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

// handOverMutex is between two goroutines, which take turns as the processes do.
func handOverMutex(name string, n int) measure.Case {
	return measure.Case{Name: name, Measure: func(_ context.Context, m *measure.Meter) error {
		return m.All(n, func(n int) error {
			var mu sync.Mutex
			var wg sync.WaitGroup
			turn := 0
			for side := range 2 {
				wg.Go(func() {
					for done := 0; done < (n+1)/2; {
						mu.Lock()
						if turn&1 == side {
							turn++
							done++
						}
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			return nil
		})
	}}
}
