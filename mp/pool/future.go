package pool

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Future is the result of a call that may not have ended yet. Submit makes one.
type Future[R any] struct {
	name      string
	call      *call // nil when the call was never taken
	cancelled atomic.Bool

	done   chan struct{}
	result R
	err    error
}

// Submit gives the call of fn with arg to the pool and does not wait. The argument is encoded before it returns. ctx
// bounds the call, not only Submit: when it ends, the call is cancelled. Whatever goes wrong is told by Wait.
func Submit[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], arg A, opts ...CallOption) *Future[R] {
	return submit("Submit", ctx, p, fn, arg, opts)
}

// Apply calls fn with arg in a worker and waits for the result. When ctx ends first, it returns ctx's error, once the
// function has stopped: at the latest after KillDelay.
func Apply[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], arg A, opts ...CallOption) (R, error) {
	f := submit("Apply", ctx, p, fn, arg, opts)
	<-f.done // submit watches ctx
	return f.result, f.err
}

func submit[A, R any](verb string, ctx context.Context, p *Pool, fn *spawn.Func[A, R], arg A, opts []CallOption) *Future[R] {
	f := &Future[R]{done: make(chan struct{})}
	refuse := func(err error) *Future[R] {
		f.err = err
		close(f.done)
		return f
	}
	c, err := newCall(verb, ctx, p, fn, opts)
	if err != nil {
		return refuse(err)
	}
	if c.progress != nil {
		return refuse(c.wrap(verb, errNoProgress))
	}
	f.name = c.name
	var encoded wire.Buffer
	if err := spawn.EncodeArg(fn, &encoded, &arg, -1); err != nil {
		return refuse(err)
	}
	// The caller may close its files as soon as we return.
	if encoded.Files, err = link.Dup(encoded.Files); err != nil {
		return refuse(spawn.ArgUnsent(c.name, -1, err))
	}
	var received []*os.File
	answered := false
	c.single, c.limit, c.sealed = true, 1, true
	c.encode = func(b *wire.Buffer, _ int) error {
		b.Data = append(b.Data, encoded.Data...)
		b.Files = append(b.Files, encoded.Files...)
		return nil
	}
	c.arg = func(int) any { return spawn.DecodeArg(fn, encoded.Data) } // the caller may have changed its own
	c.outcome = func(_ int, data []byte, files []*os.File, err error) {
		answered = true
		if f.err = err; err == nil {
			f.err = spawn.DecodeResult(fn, data, files, &f.result, -1)
			received = files
		}
	}
	c.ended = func() {
		switch {
		case f.cancelled.Load():
			var zero R
			f.result, f.err = zero, c.wrap(verb, context.Canceled)
			link.CloseAll(received)
		case !answered:
			f.err = c.wrap(verb, c.stopped)
		case f.err != nil && c.stopped != nil:
			f.err = c.wrap(verb, fmt.Errorf("%w: %w", c.stopped, f.err))
		}
		link.CloseAll(encoded.Files)
		close(f.done)
	}
	if err := p.add(c); err != nil {
		link.CloseAll(encoded.Files)
		return refuse(c.wrap(verb, err))
	}
	f.call = c
	p.dispatch()
	return f
}

// Done is closed when the call has ended.
func (f *Future[R]) Done() <-chan struct{} { return f.done }

// Wait waits for the end of the call and returns what fn returned, or why it did not. When ctx ends first, Wait returns
// ctx's error and the call goes on.
func (f *Future[R]) Wait(ctx context.Context) (R, error) {
	select {
	case <-f.done:
		return f.result, f.err
	default:
	}
	select {
	case <-f.done:
		return f.result, f.err
	case <-ctx.Done():
		var zero R
		return zero, fmt.Errorf("mp: waiting for a call of %s: %w", f.name, spawn.CtxError(ctx))
	}
}

// Cancel ends the call, also one that runs: its ctx ends, and after KillDelay the worker is killed. It does not wait. It
// reports whether the call is cancelled, now or before: then Wait returns context.Canceled. It reports false when the call
// had ended by itself.
func (f *Future[R]) Cancel() bool {
	if f.call != nil && f.call.claimCancel(&f.cancelled) {
		f.call.pool.stop(f.call, context.Canceled)
	}
	return f.cancelled.Load()
}

// claimCancel marks a call as cancelled unless its end has begun.
func (c *call) claimCancel(mark *atomic.Bool) bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	return !c.over && mark.CompareAndSwap(false, true)
}
