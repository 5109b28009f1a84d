package dataloader

import (
	"context"
	"iter"
	"testing"
)

// endless yields until the ctx of its iteration ends.
type endless struct{ ctx context.Context }

func (e *endless) Iterate(ctx context.Context) iter.Seq2[int, error] {
	e.ctx = ctx
	return func(yield func(int, error) bool) {
		for i := 0; ctx.Err() == nil && yield(i, nil); i++ {
			continue
		}
	}
}

// lateCtx ends when it was asked so many times whether it has ended, with the answer no.
type lateCtx struct {
	context.Context
	left int
	done chan struct{}
	seen func() // waits until it was noticed
}

func (c *lateCtx) Done() <-chan struct{} { return c.done }

func (c *lateCtx) Err() error {
	select {
	case <-c.done:
		return context.DeadlineExceeded
	default:
	}
	if c.left--; c.left == 0 {
		close(c.done)
		c.seen()
	}
	return nil
}

// A Timeout just after the last sample of a batch ends the iteration, so the batch is late: else the rest of the samples would be
// missed by nobody.
func TestIterationEndsWithItsBatch(t *testing.T) {
	set := &endless{}
	d := &iterated[int]{set: set}
	defer d.rest()
	get := func(ctx context.Context, fresh bool) *fetch {
		f := &fetch{order: &order{Count: 2, Fresh: fresh}, info: &WorkerInfo{Count: 1}, note: func(int) {}}
		f.run(ctx, d, func(context.Context, any) error { return nil })
		return f
	}
	late := &lateCtx{Context: context.Background(), left: 3, done: make(chan struct{}), seen: func() { <-set.ctx.Done() }}
	first := get(late, true)
	second := get(context.Background(), false)
	if first.trouble == nil && second.samples == 0 {
		t.Error("the iteration has ended, and no batch is to blame")
	}
}
