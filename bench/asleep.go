package main

import (
	"context"
	"errors"
	"time"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// rest is long enough for a waiter to go to sleep, and for the processor that it ran on, too.
const rest = 2 * time.Millisecond

// handOverAsleep passes three locks round between their owner and another process. The owner holds two of them. While the
// owner rests, the other process sleeps for one of the two. Then the owner releases that one, and waits for the lock that
// the other process releases in turn.
func handOverAsleep(n int) measure.Case {
	return withCompanion(ours, passes, func(ctx context.Context, m *measure.Meter, c *companion) error {
		b := baton{At: 1}
		for i := range b.Locks {
			l, err := synchronize.NewLock()
			if err != nil {
				return err
			}
			defer l.Close()
			b.Locks[i] = l
		}
		if err := errors.Join(b.Locks[0].Acquire(ctx), b.Locks[1].Acquire(ctx), c.Send(ctx, baton{b.Locks, 2})); err != nil {
			return err
		}
		if _, err := c.done(ctx); err != nil {
			return err
		}
		times := m.Count(n) + 1
		if err := c.Send(ctx, times); err != nil {
			return err
		}
		err := m.Timed(n, func() (time.Duration, error) {
			time.Sleep(rest)
			last := b.Locks[(b.At+2)%3]
			b.At = (b.At + 1) % 3
			began := time.Now()
			err := errors.Join(last.Release(), b.Locks[b.At].Acquire(ctx))
			return time.Since(began), err
		})
		if err != nil {
			return err
		}
		did, err := c.done(ctx)
		return counted(did, times, err)
	})
}

// echoAsleep does the same with a byte to another process and a byte back.
func echoAsleep(name string, n int) measure.Case {
	return measure.Case{Name: name, Measure: func(ctx context.Context, m *measure.Meter) error {
		o, err := startOther(ctx, pipes, "echo", 1)
		if err != nil {
			return err
		}
		defer o.Close()
		b := make([]byte, 1)
		return m.Timed(n, func() (time.Duration, error) {
			time.Sleep(rest)
			began := time.Now()
			err := o.echo(b)
			return time.Since(began), err
		})
	}}
}
