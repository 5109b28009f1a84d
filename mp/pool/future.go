package pool

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Future is the result of a call that may not have ended yet. Submit makes one. It is Python's concurrent.futures.Future,
// and its AsyncResult. Any number of goroutines may use it; all get the same result.
//
// When the call has ended, the pool keeps neither its argument nor its result, and the Future does not keep the pool.
type Future[R any] struct {
	name      string
	log       Logger // for callbacks that panic
	cancelled atomic.Bool

	ended  atomic.Bool // result and err do not change any more
	result R
	err    error

	mu        sync.Mutex
	done      chan struct{} // made by the first Done
	call      *call         // nil when the pool refused it, or it has ended
	index     int           // of the item in the call, if that is a batch
	watchers  []chan<- *Future[R]
	callbacks []func(*Future[R]) // that have not begun
	calling   bool               // a callback runs, or is about to
}

// Submit gives the call of fn with arg to the pool and does not wait for a worker. It encodes the argument and duplicates
// its files before it returns: both are the caller's again. Files in the result belong to the caller that takes it from
// Wait. ctx bounds the call, not only Submit: when ctx ends, the call is cancelled. The Future is never nil: Wait returns
// every error, also that of a refused call. It is submit of Python's executors, and apply_async.
func Submit[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], arg A, opts ...CallOption) *Future[R] {
	if mayJoin(ctx, p, fn, opts) {
		if f := join(ctx, p, fn, arg); f != nil {
			return f
		}
	}
	f, c := submit("Submit", ctx, p, fn, arg, opts)
	if c != nil {
		p.dispatch()
	}
	return f
}

// Apply calls fn with arg in a worker and waits for the result. When ctx ends first, it returns ctx's error, once the
// function has stopped: at the latest after KillDelay. It is Python's Pool.apply.
func Apply[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], arg A, opts ...CallOption) (R, error) {
	f, c := submit("Apply", ctx, p, fn, arg, opts)
	if c != nil {
		if w := p.dispatchFor(c); w != nil {
			w.receiveFor(c)
		}
	}
	if !f.finished() {
		<-f.Done() // the call watches ctx
	}
	return f.result, f.err
}

// submit gives the call to the pool. If the pool refuses it, the Future has ended with the error, and the call is nil.
func submit[A, R any](verb string, ctx context.Context, p *Pool, fn *spawn.Func[A, R], arg A, opts []CallOption) (*Future[R], *call) {
	f := &Future[R]{log: spawn.Log}
	refuse := func(err error) (*Future[R], *call) {
		f.err = err
		f.finish()
		return f, nil
	}
	c, err := newCall(verb, ctx, p, fn, opts)
	if err != nil {
		return refuse(err)
	}
	if c.progress != nil {
		return refuse(c.wrap(verb, errNoProgress))
	}
	f.name, f.log, f.call = c.name, p.opts.Logger, c
	encoded := buffers.Get().(*wire.Buffer)
	if err := spawn.EncodeArg(fn, encoded, &arg, -1); err != nil {
		reuse(encoded)
		return refuse(err)
	}
	// The caller may close its files as soon as we return.
	if encoded.Files, err = link.Dup(encoded.Files); err != nil {
		reuse(encoded)
		return refuse(spawn.ArgUnsent(c.name, -1, err))
	}
	left := depart(encoded)
	var received []*os.File
	answered := false
	c.single, c.limit, c.sealed = true, 1, true
	c.encode = func(b *wire.Buffer, _ int) error {
		if left != nil && left.gone.Load() {
			return spawn.ArgUnsent(c.name, -1, errDeparted)
		}
		b.Data = append(b.Data, encoded.Data...)
		b.Files = append(b.Files, encoded.Files...)
		if left != nil {
			b.Board(left)
		}
		return nil
	}
	if spawn.Lasting(fn) {
		c.arg = func(int) string { return spawn.Summary(&arg) }
	} else {
		shown := spawn.Summary(&arg) // now: the caller may change it
		c.arg = func(int) string { return shown }
	}
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
		reuse(encoded)
		f.finish()
	}
	if err := p.add(c); err != nil {
		link.CloseAll(encoded.Files)
		if left != nil {
			left.from.Reset()
		}
		reuse(encoded)
		return refuse(c.wrap(verb, err))
	}
	if left != nil {
		left.from.Sent()
	}
	return f, c
}

// finish ends the future, whose result and err are set: it closes Done, sends the future to its watchers and starts the
// callbacks.
func (f *Future[R]) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.call = nil
	f.ended.Store(true)
	if f.done != nil {
		close(f.done)
	}
	for _, w := range f.watchers {
		w <- f // it has room
	}
	f.watchers = nil
	f.callBack()
}

// finished reports whether the call has ended.
func (f *Future[R]) finished() bool { return f.ended.Load() }

// Done is closed when the call has ended. It is done() of Python's Future, and ready() of an AsyncResult.
func (f *Future[R]) Done() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.finished():
		return closedChan
	case f.done == nil:
		f.done = make(chan struct{})
	}
	return f.done
}

// closedChan is the Done of all futures that had ended before the first call of Done.
var closedChan = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Wait waits for the end of the call and returns what fn returned, or why it did not. When ctx ends first, Wait returns
// ctx's error and the call goes on. It is Python's result(timeout), and get(timeout) of an AsyncResult.
func (f *Future[R]) Wait(ctx context.Context) (R, error) {
	if !f.await(ctx) {
		var zero R
		return zero, fmt.Errorf("mp: waiting for a call of %s: %w", f.name, spawn.CtxError(ctx))
	}
	return f.result, f.err
}

// await waits for the end of the call, and reports false when ctx ended first.
func (f *Future[R]) await(ctx context.Context) bool {
	if f.finished() {
		return true
	}
	select {
	case <-f.Done():
		return true
	case <-ctx.Done():
		return f.finished()
	}
}

// Cancel ends the call, even if it runs: its ctx ends, and after KillDelay the worker is killed. Cancel does not wait. It
// reports whether the call is cancelled, by this Cancel or an earlier one: then Wait returns context.Canceled. It reports
// false when the call had ended by itself. In Python, only a call that has not begun can be cancelled.
func (f *Future[R]) Cancel() bool {
	if c := f.open(); c != nil {
		c.cancel(f.index, &f.cancelled)
	}
	return f.cancelled.Load()
}

// Cancelled reports whether Cancel has cancelled the call. The call may still be running then, until Done is closed. A call
// that was ended by its ctx or by the pool was not cancelled but has failed.
func (f *Future[R]) Cancelled() bool { return f.cancelled.Load() }

// String tells the state: pending, running, done, failed or cancelled. A call is running once the pool knows that its
// worker has begun it.
func (f *Future[R]) String() string {
	c := f.open()
	state := "pending"
	switch {
	case f.Cancelled():
		state = "cancelled"
	case c != nil && c.running(f.index):
		state = "running"
	case f.finished() && f.err != nil:
		state = "failed"
	case f.finished():
		state = "done"
	}
	return fmt.Sprintf("<Future func='%s' %s>", f.name, state)
}

// open returns the call; nil when it has ended.
func (f *Future[R]) open() *call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.call
}

// running reports whether a worker is at work on an item.
func (c *call) running(index int) bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	return slices.ContainsFunc(c.pool.workers, func(w *worker) bool {
		at, running := w.position()
		return running && at == index && w.head().call == c
	})
}

// cancel stops an item and sets mark, unless the item has its outcome.
func (c *call) cancel(index int, mark *atomic.Bool) {
	if c.batch != nil {
		c.batch.cancel(index, mark)
		return
	}
	c.pool.mu.Lock()
	claimed := !c.over && mark.CompareAndSwap(false, true)
	c.pool.mu.Unlock()
	if claimed {
		c.pool.stop(c, context.Canceled)
	}
}
