// Package pool runs calls of registered functions in long-lived worker processes, as Python's multiprocessing.Pool and
// concurrent.futures.ProcessPoolExecutor do.
//
// The pool knows which worker runs which item, and has one link to each worker. When a worker dies, only the item that it
// was running fails, with an error that says how the worker died. Items that it had not begun run in other workers, and a
// new worker takes its place. Options.OnEvent and Pool.Stats report this.
package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// ErrBroken is returned by calls of a pool that has no worker and cannot start one.
var ErrBroken = errors.New("mp: the pool is broken")

func init() { spawn.RegisterError("mp.ErrBroken", ErrBroken) }

// Pool runs calls in worker processes. New makes one; Close or Shutdown end it. Its methods, and the functions that take
// it, may be called at any time from any goroutine.
type Pool struct {
	opts    Options
	backend backend
	spares  *spawn.Spares
	init    wire.Buffer

	ctx     context.Context // bounds the lives of the workers
	cancel  context.CancelCauseFunc
	keepers sync.WaitGroup // one goroutine for each place, and one for the spares
	closed  chan struct{}  // closed when no worker is left

	mu       sync.Mutex
	workers  []*worker          // that are up
	calls    map[*call]struct{} // that have not ended
	batches  map[uint32]*batch  // of Submit, by function
	turn     queue              // the calls that have items to give out, in the order of their turns
	refuse   error              // why no call is taken any more
	ending   bool               // no item is given out any more: all calls are being stopped
	cutShort error              // why end stopped calls that had not ended
	drained  chan struct{}
	rescuing bool         // a timer is going to call rescue
	failures int          // starts of workers that failed in a row
	asleep   int          // places that have no worker because there is no work
	faults   spawn.Faults // bad exits of workers that were told to end
	counts   Counts
	slowest  slowTasks
	untold   []Event // queued for OnEvent
	talking  bool    // a goroutine passes them on: tell

	wanted chan struct{} // wakes a place that is asleep
}

// New starts the workers in parallel, and returns when all are ready and initialised. If one fails, New ends the others and
// returns the error. ctx bounds the life of the pool: when it ends, the pool is closed.
func New(ctx context.Context, opts *Options) (*Pool, error) {
	if err := spawn.Ready(); err != nil {
		return nil, err
	}
	p := newPool()
	if opts != nil {
		p.opts = *opts
	}
	if err := p.opts.check(); err != nil {
		return nil, err
	}
	if p.opts.Workers == 0 {
		p.opts.Workers = runtime.GOMAXPROCS(0)
	}
	if p.opts.InProcess {
		p.backend = &goroutines{opts: &p.opts}
		return p.open(ctx)
	}
	b := processes{opts: &p.opts}
	var err error
	if b.spares, err = spawn.NewSpares(p.opts.Spares, b.spec(), p.opts.Logger); err != nil {
		return nil, err
	}
	p.backend, p.spares = b, b.spares
	return p.open(ctx)
}

func newPool() *Pool {
	return &Pool{closed: make(chan struct{}), calls: make(map[*call]struct{}), batches: make(map[uint32]*batch)}
}

// open starts the workers of p.backend.
func (p *Pool) open(ctx context.Context) (*Pool, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("mp: the pool was not started: %w", spawn.CtxError(ctx))
	}
	var err error
	if p.init, err = encodeInit(p.opts.Init); err != nil {
		return nil, err
	}
	// The caller may close its files as soon as New returns, but workers that start later need them, too.
	if p.init.Files, err = link.Dup(p.init.Files); err != nil {
		return nil, spawn.ArgUnsent(p.opts.Init.Name(), -1, err)
	}
	p.wanted = make(chan struct{}, p.opts.Workers)
	p.ctx, p.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	unwatch := context.AfterFunc(ctx, func() { p.end(fmt.Errorf("%w: the ctx of the pool is over: %w", spawn.ErrClosed, spawn.CtxError(ctx))) })

	ready := make(chan error, p.opts.Workers)
	for place := range p.opts.Workers {
		p.keepers.Add(1)
		go p.keep(place, ready)
	}
	started := make(chan struct{})
	p.keepers.Go(func() {
		select {
		case <-started: // earlier, spares would take processors and memory from the workers that New waits for
			p.spares.Keep(p.ctx)
		case <-p.ctx.Done():
		}
	})
	go func() {
		p.keepers.Wait()
		unwatch()
		link.CloseAll(p.init.Files)
		close(p.closed)
	}()
	for range p.opts.Workers {
		if e := <-ready; e != nil && err == nil {
			err = e
			p.end(e)
		}
	}
	if ctx.Err() != nil { // this counts, whatever the workers report, and even if all got ready
		err = fmt.Errorf("mp: the pool was not started: %w", spawn.CtxError(ctx))
		p.end(err)
	}
	if err != nil {
		<-p.closed
		return nil, err
	}
	close(started)
	return p, nil
}

// add takes a call into the pool. An error says why the pool refuses it.
func (p *Pool) add(c *call) error {
	if nothing := c.sealed && c.limit == 0; !nothing && c.ctx.Err() != nil {
		return spawn.CtxError(c.ctx)
	}
	// AfterFunc may run code of the user's ctx, so it is called without the lock.
	if c.ctx.Done() != nil {
		added := make(chan struct{})
		defer close(added)
		unwatch := context.AfterFunc(c.ctx, func() {
			<-added
			p.stop(c, spawn.CtxError(c.ctx))
		})
		c.unwatch = func() { unwatch() }
	}
	p.mu.Lock()
	if err := p.refuse; err != nil {
		c.over = true
		p.mu.Unlock()
		c.unwatch()
		return err
	}
	p.calls[c] = struct{}{}
	p.turn.push(c)
	ended := c.finished() // it may have no items at all
	p.mu.Unlock()
	c.conclude(ended)
	return nil
}

// stop ends a call early: no item of it is given out any more. The items that run are cancelled and, after KillDelay, their
// workers killed.
func (p *Pool) stop(c *call, reason error) {
	type at struct {
		w     *worker
		first uint64
		count int
	}
	var work []at
	p.mu.Lock()
	if c.stopped != nil || c.over {
		p.mu.Unlock()
		return
	}
	c.stopped = reason
	for _, w := range p.workers {
		for _, k := range w.queue {
			if k.call == c {
				work = append(work, at{w, k.id(), k.count - k.done})
			}
		}
	}
	ended := c.finished()
	p.mu.Unlock()
	for _, a := range work {
		a.w.ladder(a.first, a.count, reason)
	}
	c.conclude(ended)
}

func (p *Pool) isStopped(c *call) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return c.stopped != nil
}

// closedError is the error of calls that come after Close or Shutdown.
func closedError() error {
	return fmt.Errorf("%w: the pool takes no call after Close or Shutdown", spawn.ErrClosed)
}

// Close ends the pool, as http.Server.Close does: it takes no more calls, cancels what runs, and kills workers that have
// not ended after KillDelay. It returns when no worker is left. Calls that were cut short return ErrClosed. The error of
// Close tells of workers that ended badly, such as with a report of the race detector. A second Close does nothing.
func (p *Pool) Close() error {
	p.end(closedError())
	<-p.closed
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults.Take()
}

// Shutdown takes no more calls, waits until those that were taken have ended, and then closes the pool. If ctx ends first,
// it closes the pool at once, and returns the error of ctx. If calls were cut short for another reason, it returns that:
// ErrClosed for Close and for the end of the pool's ctx, or ErrBroken.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.mu.Lock()
	if p.refuse == nil {
		p.refuse = closedError()
	}
	if p.drained == nil {
		p.drained = make(chan struct{})
		p.changed()
	}
	drained := p.drained
	p.mu.Unlock()
	var reason error
	select {
	case <-drained:
	case <-p.closed:
	case <-ctx.Done():
		select {
		case <-drained:
		default:
			reason = spawn.CtxError(ctx)
		}
	}
	p.mu.Lock()
	reason = cmp.Or(p.cutShort, reason)
	p.mu.Unlock()
	var err error
	if reason != nil {
		err = fmt.Errorf("mp: the pool was closed before its calls had ended: %w", spawn.Inner(reason))
	}
	return errors.Join(err, p.Close())
}

// changed closes p.drained, for which Shutdown waits, if no call is left. Without a Shutdown it does nothing. p.mu is held.
func (p *Pool) changed() {
	if p.drained == nil || len(p.calls) > 0 {
		return
	}
	select {
	case <-p.drained:
	default:
		close(p.drained)
	}
}

// end begins the end of the pool, for this reason: it refuses new calls, stops all others, and ends p.ctx and so the
// workers. It does not wait.
func (p *Pool) end(reason error) {
	p.mu.Lock()
	if p.refuse == nil || errors.Is(p.refuse, spawn.ErrClosed) {
		p.refuse = reason
	}
	p.ending = true
	calls := slices.Collect(maps.Keys(p.calls))
	if p.cutShort == nil && slices.ContainsFunc(calls, func(c *call) bool { return c.stopped == nil }) {
		p.cutShort = reason
	}
	p.mu.Unlock()
	for _, c := range calls {
		p.stop(c, reason)
	}
	p.cancel(spawn.Because(reason))
}
