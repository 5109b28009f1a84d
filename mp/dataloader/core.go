package dataloader

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// core is a Loader without the type of its batches.
type core struct {
	opts    Options
	source  source
	open    preset          // of the dataset
	init    *preset         // WorkerInit
	collate func() uint32   // returns the ID of the function; nil: the dataset makes batches itself
	ctx     context.Context // of the workers
	end     context.CancelCauseFunc
	replies *queue.Queue[reply] // the data queue
	wake    chan struct{}       // wakes the Epoch loop, or New, to look again
	tasks   sync.WaitGroup
	local   *local // nil: there are workers

	mu       sync.Mutex
	members  []*member    // by ID; nil: no worker has the ID now
	made     int          // members so far
	serial   uint64       // of the last order
	length   int          // of the dataset; lengthPending until a worker is up
	failures []failures   // by ID: failed starts
	arrived  int          // replies to orders so far
	broken   error        // why no more batches can come, until the next epoch
	exits    spawn.Faults // of workers that ended badly when they were to end
	closed   bool
	opened   bool   // all workers were up when New returned
	retiring bool   // the workers of the last epoch are ending
	epochs   int    // the number of the next one, unless restored
	epoch    *epoch // the one that runs; nil: none
	began    time.Time
	at       State // where the epoch began, or the last one ended
	restored bool  // the next epoch begins there
	record   record
	stats    Stats
	ballast  spawn.Ballast
}

// keptBallast is how many bytes of ballast (see spawn.Ballast) this process takes without View: each batch is fresh memory then,
// and a program that allocates little else would collect garbage for each.
const keptBallast = 4 * spawn.WorkerBallast

// Values of a length that are no number of samples.
const (
	lengthUnknown = -1 // it cannot be known, as of an IterableDataset
	lengthPending = -2 // no worker has told it yet
)

func newCore(ctx context.Context, src source, opts *Options) (*core, error) {
	c := &core{source: src, length: lengthPending, wake: make(chan struct{}, 1)}
	if opts != nil {
		c.opts = *opts
	}
	if err := c.opts.check(&c.source); err != nil {
		return nil, err
	}
	c.record = record{crashes: make(map[int]int), bad: make(map[int]*SampleError), stats: &c.stats, dataset: src.init.Name()}
	c.record.collate = c.record.dataset // a BatchDataset makes its batches itself; New sets another name
	c.ctx, c.end = context.WithCancelCause(ctx)
	c.stats.Workers, c.stats.Prefetch = c.opts.Workers, c.opts.Prefetch
	c.at = State{Seed: c.opts.Seed}
	return c, nil
}

// prepare encodes the dataset for the workers and makes the data queue.
func (c *core) prepare() error {
	open, err := encodePreset(c.source.init)
	if err != nil {
		return err
	}
	c.open = *open
	c.replies, err = queue.New[reply](0)
	return err
}

func encodePreset(i spawn.Initializer) (*preset, error) {
	var b wire.Buffer
	id, err := spawn.EncodeInit(i, &b)
	if err != nil {
		return nil, err
	}
	// The caller may close its files as soon as New returns, and workers come later, too.
	files, err := link.Dup(b.Files)
	if err != nil {
		return nil, spawn.ArgUnsent(i.Name(), -1, err)
	}
	return &preset{Func: id, Arg: b.Data, Files: files}, nil
}

// begin starts the workers and waits until the dataset is open in all of them. With Workers 0 it opens the dataset here.
func (c *core) begin() error {
	if c.opts.Workers > 0 || c.opts.WorkerInit.Name() != "" {
		if err := spawn.Ready(); err != nil {
			return err
		}
	}
	if c.opts.WorkerInit.Name() != "" {
		var err error
		if c.init, err = encodePreset(c.opts.WorkerInit); err != nil {
			return err
		}
	}
	if c.opts.Workers == 0 {
		return c.openHere()
	}
	if err := c.prepare(); err != nil {
		return err
	}
	c.tasks.Add(1)
	go c.listen()
	c.mu.Lock()
	c.members, c.failures = make([]*member, c.opts.Workers), make([]failures, c.opts.Workers)
	c.hire()
	c.mu.Unlock()
	for {
		c.mu.Lock()
		err := c.broken
		c.opened = err == nil && c.up() == len(c.members)
		opened := c.opened
		c.mu.Unlock()
		if err != nil || opened {
			return err
		}
		select {
		case <-c.wake:
		case <-c.ctx.Done():
			return fmt.Errorf("mp: the loader was not started: %w", spawn.CtxError(c.ctx))
		}
	}
}

// seats is how many workers share the batches; with Workers 0 this process counts as one.
func (c *core) seats() int { return max(c.opts.Workers, 1) }

// Len is how many batches an epoch has; −1 if that cannot be told beforehand, as with an IterableDataset.
func (c *core) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opts.count(c.length)
}

// Stats tells what the loader has done so far.
func (c *core) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	if c.epoch != nil {
		s.Elapsed += time.Since(c.began)
	}
	return s
}

// Close ends the workers and a running epoch. It waits for the workers, KillDelay at most, but not for the Epoch loop, in which it
// may be called. What the loop still uses is released when the loop ends: with View, the memory of the batch; with Workers 0, the
// dataset. If the dataset is in a Get, its ctx ends. Close returns what went wrong when workers exited after their work, such as a
// report of the race detector or the error of a dataset's Close. A second Close does nothing.
func (c *core) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end(spawn.ErrClosed)
	c.closeHere()
	c.tasks.Wait()
	link.CloseAll(c.open.Files)
	if c.init != nil {
		link.CloseAll(c.init.Files)
	}
	if c.replies != nil {
		c.replies.Close()
		for r := range c.replies.All(context.Background()) {
			r.drop()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ballast.Drop()
	return c.exits.Take()
}
