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
	collate func() uint32   // the number of the function; nil: there is none
	ctx     context.Context // of the workers
	end     context.CancelCauseFunc
	replies *queue.Queue[reply] // the data queue
	wake    chan struct{}       // something has happened that the Epoch loop waits for
	tasks   sync.WaitGroup
	local   *local // nil: there are workers

	mu       sync.Mutex
	members  []*member    // by ID; nil: there is none now
	made     int          // processes
	serial   uint64       // of the last order
	length   int          // of the dataset; lengthPending until a worker is up
	failures []failures   // of the workers with an ID to come up
	arrived  int          // batches
	broken   error        // no worker comes up, or nothing that comes is to be trusted
	exits    spawn.Faults // of workers that ended badly when they were to end
	closed   bool
	opened   bool   // all workers were up when New returned
	retiring bool   // the workers of an epoch end
	epochs   int    // begun
	epoch    *epoch // that runs
	began    time.Time
	at       State // between epochs
	restored bool
	record   record
	stats    Stats
	ballast  spawn.Ballast
}

// keptBallast is how many bytes of ballast this process takes if batches are to be kept: each is fresh memory, and a program
// that does little else would collect its garbage for each.
const keptBallast = 4 * spawn.WorkerBallast

// A length that is not a number of samples.
const (
	lengthUnknown = -1 // nobody knows it, as of an IterableDataset
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
	c.record.collate = c.record.dataset // of a BatchDataset
	c.ctx, c.end = context.WithCancelCause(ctx)
	c.stats.Workers, c.stats.Prefetch = c.opts.Workers, c.opts.Prefetch
	c.at = State{Seed: c.opts.Seed}
	return c, nil
}

// prepare encodes what every worker is started with.
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

// begin starts the workers and waits until the dataset is open in all of them.
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

// seats is how many workers share the batches.
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

// Close ends the workers, and an epoch that runs. It waits for the workers, KillDelay at most, and not for the loop, as it may be
// called in it. What the loop is at goes when the loop ends, and nothing else of the loader is left: with View, the memory of
// the batch; with Workers 0, the dataset, which may be in a Get even now, whose ctx has ended, and is closed after that. Close
// returns what went wrong in workers that had done their work: the race detector speaks up when a process exits. A second
// Close does nothing.
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
