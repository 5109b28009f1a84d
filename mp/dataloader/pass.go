package dataloader

import (
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// pass is an Epoch loop.
type pass struct {
	epoch *epoch
	next  func() ([]int, bool) // the sampler; nil for an IterableDataset
	stop  func()
	err   error      // of the sampler
	held  *task      // the one that was taken last, until its room is given back
	files []*os.File // of a batch that was decoded, until it is yielded
}

// giveBack gives back the room and the slab of a batch, if it has them, and closes its files if it was not decoded. The loader's
// mutex is held.
func (p *pass) giveBack(t *task) {
	if t != nil && t.owner != nil {
		link.CloseAll(t.reply.Files)
		p.epoch.vacate(t)
		t.owner.loans.giveBack(t.slab)
		t.owner = nil
	}
}

// enter begins an epoch.
func (c *core) enter() (*pass, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, fmt.Errorf("mp: the loader is closed: %w", spawn.ErrClosed)
	case c.epoch != nil || c.retiring:
		return nil, ErrBusy
	}
	from := c.coming()
	c.at, c.restored = from, false
	c.epochs = from.Epoch + 1
	c.stats.Epochs++
	o := &c.opts
	e := &epoch{
		number: from.Epoch, seed: from.Seed, iterable: c.source.iterable, prefetch: o.Prefetch, order: o.Order, policy: o.OnError,
		retries: o.Retries, crashes: o.CrashRetries, record: &c.record, seats: make([]seat, c.seats()),
	}
	if c.local != nil {
		e.prefetch = 1 // so that a batch that is tried again comes before the next one
	}
	e.restore(&from)
	c.epoch, c.began, c.broken, c.failures = e, time.Now(), nil, make([]failures, len(c.members))
	c.hire()
	for id := range e.seats {
		if e.seats[id].fresh = true; c.local != nil || c.members[id] != nil && c.members[id].up {
			e.ready(id)
		}
	}
	p := &pass{epoch: e, stop: func() {}}
	if !c.source.iterable {
		p.next, p.stop = iter.Pull(o.from(c.length, &from))
	}
	return p, nil
}

// coming returns where the next epoch begins. c.mu is held.
func (c *core) coming() State {
	if c.restored {
		return c.at
	}
	return State{Seed: c.at.Seed, Epoch: c.epochs}
}

// exit ends an epoch.
func (c *core) exit(p *pass) {
	defer p.stop()
	defer c.leave(p) // also if the dataset ends the goroutine in rest
	if c.local != nil {
		c.local.rest()
	}
}

// leave is the part of exit after the last use of the dataset.
func (c *core) leave(p *pass) {
	link.CloseAll(p.files)
	c.mu.Lock()
	c.at = p.epoch.state()
	if p.epoch.over() && p.epoch.unyielded == nil && p.err == nil { // a sampler that panics leaves a batch unyielded
		c.at = State{Seed: p.epoch.seed, Epoch: p.epoch.number + 1}
	}
	c.callOff()
	for _, t := range p.epoch.open {
		p.giveBack(t)
	}
	p.giveBack(p.held)
	c.stats.Elapsed += time.Since(c.began)
	c.epoch = nil
	c.retiring = !c.opts.Persistent
	c.mu.Unlock()
	c.closeHere()
	if !c.opts.Persistent {
		c.retire()
	}
}

// wait returns the next task, which has a batch or an error; nil: there are no more.
func (c *core) wait(ctx context.Context, p *pass, here func(context.Context, any) (any, error)) (*task, error) {
	began := time.Now()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		waited := time.Since(began)
		c.stats.Waited += waited
		if p.epoch.delayed {
			c.stats.Delayed += waited
			p.epoch.delayed = false
		}
	}()
	for {
		if err := c.over(ctx); err != nil {
			return nil, err
		}
		c.draw(p)
		t, untold, err := c.look(p)
		c.tell(untold)
		switch {
		case t != nil || err == nil && c.finished(p):
			return t, nil
		case err != nil:
			return nil, err
		case c.wants(p): // batches without a sample left have made room
			continue
		case c.local != nil && c.local.work(ctx, c, here):
			continue
		}
		select {
		case <-c.wake:
		case <-ctx.Done():
		case <-c.ctx.Done():
		}
	}
}

// over returns why the loop has to end; nil: it goes on.
func (c *core) over(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("mp: the epoch was ended: %w", spawn.CtxError(ctx))
	case c.ctx.Err() != nil:
		return fmt.Errorf("mp: the loader was ended: %w", spawn.CtxError(c.ctx))
	}
	return nil
}

// draw asks the sampler for batches while there is room for them.
func (c *core) draw(p *pass) {
	for {
		c.mu.Lock()
		more := p.epoch.wants()
		if more && p.next == nil {
			p.epoch.addShare()
		}
		c.mu.Unlock()
		if !more {
			return
		}
		if p.next == nil {
			continue
		}
		indices, ok := p.next()
		c.mu.Lock()
		if wrong := slices.IndexFunc(indices, func(i int) bool { return i < 0 || i >= c.length }); wrong >= 0 {
			p.err = fmt.Errorf("mp: the sampler asks for sample %d of %s, which has %d", indices[wrong], c.record.dataset, c.length)
			ok = false
		}
		if ok {
			p.epoch.add(slices.Clone(indices))
		} else {
			p.epoch.all = true
		}
		c.mu.Unlock()
	}
}

// look sends the orders that workers have room for. It returns the batch to be yielded, the errors that OnSkip is to be called
// with, and the error that ends the loop.
func (c *core) look(p *pass) (*task, []*SampleError, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.assign()
	t := p.epoch.next()
	untold := p.epoch.takeUntold()
	switch {
	case t == nil && p.epoch.over():
		return nil, untold, p.err
	case t == nil:
		return nil, untold, c.broken
	}
	p.held = t
	return t, untold, nil
}

// delivered notes that the batch was decoded. It calls OnSkip first: if that panics, the batch does not count as delivered.
func (c *core) delivered(p *pass, decoded time.Duration) {
	c.tell(p.held.without)
	c.mu.Lock()
	defer c.mu.Unlock()
	p.held.without = nil
	p.epoch.unyielded = &unyielded{p.epoch.state(), p.held.reply.Samples}
	p.epoch.shut(p.held)
	c.stats.Decoded += decoded
	c.stats.Waited += decoded
	if c.local == nil && !c.opts.View {
		c.ballast.Take(keptBallast)
	}
}

// yielding notes that the batch, or the error, is yielded now. The files belong to the program from here on.
func (c *core) yielding(p *pass) {
	p.files = nil
	c.mu.Lock()
	defer c.mu.Unlock()
	if u := p.epoch.unyielded; u != nil {
		c.stats.Batches++
		c.stats.Samples += u.samples
		p.epoch.unyielded = nil
	}
}

// tell calls OnSkip for what was left out.
func (c *core) tell(untold []*SampleError) {
	for _, why := range untold {
		if c.opts.OnSkip != nil {
			c.opts.OnSkip(why)
		}
	}
}

// wants reports whether there is room for more batches.
func (c *core) wants(p *pass) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return p.epoch.wants()
}

func (c *core) finished(p *pass) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return p.epoch.over()
}

// refill gives back the room of the batch, unless that was done, and orders another one, so that the workers go on while the
// program uses the batch.
func (c *core) refill(p *pass) {
	if p.held == nil {
		return
	}
	c.mu.Lock()
	p.giveBack(p.held)
	p.held = nil
	c.mu.Unlock()
	c.draw(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.assign()
}
