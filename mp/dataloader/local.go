package dataloader

import (
	"context"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// local does the work of the workers when there are none, in the goroutine of the Epoch loop.
type local struct {
	set  opened
	info WorkerInfo
	todo []ordered
	me   *member // this process, in the place of a worker; what it makes lies in no slab

	closed bool
}

type ordered struct {
	*task
	*order
}

// openHere opens the dataset in this process.
func (c *core) openHere() error {
	ctx, cancel := context.WithTimeoutCause(c.ctx, c.opts.InitTimeout, spawn.ErrTimeout)
	defer cancel()
	l := &local{me: &member{loans: newLoans(1), name: spawn.Name(), pid: os.Getpid()}, info: WorkerInfo{Count: 1, Seed: workerSeed(c.opts.Seed, 0, 0)}}
	scoped := func() context.Context { return &scope{Context: ctx, info: l.info, seed: c.opts.Seed, index: joint(0)} }
	failed := func(f *spawn.Failure, function string) error {
		if inTime(ctx, f) == nil {
			return nil
		}
		return f.Remote(function, -1, spawn.Name(), os.Getpid())
	}
	length := 0
	err := failed(spawn.Try(func() (err error) {
		if l.set, err = c.source.open(scoped()); err == nil {
			c.local = l // from now on closeHere closes the dataset
			length = l.set.len()
		}
		return err
	}), c.source.init.Name())
	if err != nil {
		return err
	}
	l.info.Dataset = l.set.dataset()
	if c.init != nil {
		init := *c.init
		if init.Files, err = link.Dup(init.Files); err != nil { // the initializer has its own, as in a worker
			return err
		}
		if err := failed(runPreset(scoped(), init), c.opts.WorkerInit.Name()); err != nil {
			return err
		}
	}
	return c.measured(length, l.me.name)
}

// work makes one batch that was ordered; false: there is none.
func (l *local) work(ctx context.Context, c *core, here func(context.Context, any) (any, error)) bool {
	c.mu.Lock()
	if len(l.todo) == 0 {
		c.mu.Unlock()
		return false
	}
	o := l.todo[0]
	l.todo = l.todo[1:]
	c.mu.Unlock()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(c.ctx, func() { cancel(context.Cause(c.ctx)) })()
	began := time.Now()
	f := &fetch{order: o.order, rules: c.opts.rules(), info: &l.info, timeout: c.opts.Timeout, note: func(int) {}}
	var made any
	f.run(ctx, l.set, func(ctx context.Context, fetched any) (err error) {
		made, err = here(ctx, fetched)
		return err
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return true // the epoch or the loader is ending: that is no fault of a sample
	}
	c.stats.spent(time.Since(began), f.trouble != nil || o.task.probing())
	o.task.made = made
	c.epoch.came(o.task, l.me, &reply{
		Serial: o.Serial, Samples: f.samples, Skipped: f.skipped, Trouble: f.trouble, Yielded: f.yielded, End: f.end,
	})
	return true
}

// rest drops the orders of an epoch, and ends its iteration.
func (l *local) rest() {
	l.todo = nil
	l.set.rest()
}

// closeHere closes the dataset of this process, once the loader is closed and no epoch runs.
func (c *core) closeHere() {
	c.mu.Lock()
	now := c.local != nil && c.closed && c.epoch == nil && !c.local.closed
	if now {
		c.local.closed = true
	}
	c.mu.Unlock()
	if !now {
		return
	}
	if failure := closeDataset(c.local.set); failure != nil {
		err := failure.Remote(c.record.dataset, -1, spawn.Name(), os.Getpid())
		spawn.Log.Warn("a dataset could not be closed", "error", err) // Close may have returned
		c.mu.Lock()
		c.exits.Add(err)
		c.mu.Unlock()
	}
}
