package dataloader

import (
	"context"
	"iter"
	"runtime"
	"testing"
)

// endless yields until the ctx of its iteration ends.
type endless struct {
	ctx   context.Context
	begun func()
}

func (e *endless) Iterate(ctx context.Context) iter.Seq2[int, error] {
	e.ctx = ctx
	if e.begun != nil {
		e.begun()
	}
	return func(yield func(int, error) bool) {
		for i := 0; ctx.Err() == nil && yield(i, nil); i++ {
			continue
		}
	}
}

// lateCtx ends during the call of Err that counts left down to 0. That call still returns nil.
type lateCtx struct {
	context.Context
	left int
	done chan struct{}
	seen func() // waits until the end was noticed
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

// patient waits until the ctx of its iteration ends, and yields nothing.
type patient struct {
	atOnce bool   // wait in Iterate, not in the iterator that it returns
	waits  func() // called before the wait
}

func (p *patient) wait(ctx context.Context) {
	p.waits()
	<-ctx.Done()
}

func (p *patient) Iterate(ctx context.Context) iter.Seq2[int, error] {
	if p.atOnce {
		p.wait(ctx)
	}
	return func(func(int, error) bool) {
		if !p.atOnce {
			p.wait(ctx)
		}
	}
}

// fetchTwo gets a batch of two samples.
func fetchTwo(ctx context.Context, d *iterated[int], fresh bool) *fetch {
	f := &fetch{order: &order{Count: 2, Fresh: fresh}, info: &WorkerInfo{Count: 1}, note: func(int) {}}
	f.run(ctx, d, func(context.Context, any) error { return nil })
	return f
}

// A Timeout just after the last sample of a batch ends the iteration, so the batch must count as late. Otherwise the rest of the
// samples would be missing without an error.
func TestIterationEndsWithItsBatch(t *testing.T) {
	set := &endless{}
	d := &iterated[int]{set: set}
	defer d.rest()
	late := &lateCtx{Context: context.Background(), left: 3, done: make(chan struct{}), seen: func() { <-set.ctx.Done() }}
	first := fetchTwo(late, d, true)
	second := fetchTwo(context.Background(), d, false)
	if first.trouble == nil && second.samples == 0 {
		t.Error("the iteration has ended, and no batch is to blame")
	}
}

// The end of an order's ctx ends the iteration of that order, and not the next iteration, even if it takes effect late.
func TestIterationEndsAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // so that the goroutine that ends the iteration runs late
	for range 100 {
		ctx, cancel := context.WithCancel(context.Background())
		set := &endless{begun: cancel}
		d := &iterated[int]{set: set}
		fetchTwo(ctx, d, true)
		set.begun = nil
		fetchTwo(context.Background(), d, true)
		runtime.Gosched()
		if set.ctx.Err() != nil {
			t.Fatal("the next iteration has ended")
		}
		d.rest()
	}
}

// The end of an order's ctx ends the iteration's ctx, even while Iterate itself runs, or while the worker passes by samples that
// were got before.
func TestIterationHearsFromTheBeginning(t *testing.T) {
	for _, atOnce := range []bool{false, true} {
		for passed := range 2 {
			ctx, cancel := context.WithCancel(context.Background())
			d := &iterated[int]{set: &patient{atOnce, cancel}}
			f := &fetch{order: &order{Count: 1, Fresh: true, FastForward: passed}, info: &WorkerInfo{Count: 1}, note: func(int) {}}
			f.run(ctx, d, func(context.Context, any) error { return nil })
			if f.trouble == nil || f.trouble.Late {
				t.Errorf("at once %v, %d passed by: %+v", atOnce, passed, f.trouble)
			}
			d.rest()
		}
	}
}
