package spawn

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Ending is the ctx of a function in a child. Unlike a ctx of package context, it ends with the error that End is given, because
// another process decides why it ends: a deadline there is a deadline here. It carries no values.
type Ending struct {
	deadline time.Time   // zero: none
	over     atomic.Bool // err is set

	mu    sync.Mutex
	done  chan struct{} // made by the first Done
	err   error
	after []*func()
	timer *time.Timer
}

// NewEnding returns a ctx that ends when End is called, and with context.DeadlineExceeded at the deadline, unless that is
// zero.
func NewEnding(deadline time.Time) *Ending {
	c := &Ending{deadline: deadline}
	if !deadline.IsZero() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.timer = time.AfterFunc(time.Until(deadline), func() { c.End(context.DeadlineExceeded) })
	}
	return c
}

// End ends the ctx with err. Only the first call counts.
func (c *Ending) End(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = err
	c.over.Store(true)
	after := c.after
	c.after = nil
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.done != nil {
		close(c.done)
	}
	c.mu.Unlock()
	for _, f := range after {
		(*f)()
	}
}

// Deadline is documented with context.Context.
func (c *Ending) Deadline() (time.Time, bool) { return c.deadline, !c.deadline.IsZero() }

// Done is documented with context.Context.
func (c *Ending) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		}
	}
	return c.done
}

// Value is documented with context.Context.
func (c *Ending) Value(any) any { return nil }

// Err is documented with context.Context.
func (c *Ending) Err() error {
	if !c.over.Load() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// AfterFunc calls f once the ctx has ended. Package context uses it to derive a ctx without a goroutine.
func (c *Ending) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	c.after = append(c.after, &f)
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		i := slices.Index(c.after, &f)
		if i >= 0 {
			c.after = slices.Delete(c.after, i, i+1)
		}
		return i >= 0
	}
}
