package dataloader

import (
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// listen receives the replies of the workers.
func (c *core) listen() {
	defer c.tasks.Done()
	for r, err := range c.replies.All(c.ctx) {
		if c.ctx.Err() != nil {
			r.drop()
			return
		}
		c.mu.Lock()
		if err != nil {
			c.distrust(fmt.Errorf("mp: the loader cannot read what a worker sends: %w", err), c.members...) // the sender is unknown
		} else if !c.heard(&r) {
			r.drop()
		}
		c.mu.Unlock()
		c.signal()
	}
}

func (c *core) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// heard takes in a reply, and reports whether it is kept. c.mu is held.
func (c *core) heard(r *reply) bool {
	var m *member
	for _, o := range c.members {
		if o != nil && o.number == r.Worker && !o.retired {
			m = o
		}
	}
	if m == nil {
		return false // the worker has ended or is retired
	}
	defer c.expectNext(m)
	switch {
	case r.Serial == 0:
		c.cameUp(m, r)
	case m.due.off && r.Serial == m.due.serial:
		m.due.off = false
	default:
		return c.came(m, r)
	}
	return false
}

// came takes in the reply to an order. c.mu is held.
func (c *core) came(m *member, r *reply) (kept bool) {
	var t *task
	if c.epoch != nil {
		t = c.epoch.find(m.id, r.Serial)
	}
	var err error
	if t != nil {
		err = m.loans.adopt(t.slab, r.News)
	} else {
		err = m.loans.decline(r.News)
	}
	r.News.Fresh = nil
	if err != nil {
		c.distrust(fmt.Errorf("mp: the loader cannot use what %s sends: %w", m.name, err), m)
	}
	if t == nil || err != nil {
		return false
	}
	c.arrived++
	c.stats.spent(r.Busy, r.Trouble != nil || t.probing())
	if kept = c.epoch.came(t, m, r); !kept {
		m.loans.giveBack(t.slab)
	}
	c.assign()
	return kept
}

// distrust ends the epoch, and kills members, one of which has sent something invalid. c.mu is held.
func (c *core) distrust(why error, members ...*member) {
	c.broken = why
	for _, m := range members {
		if m == nil {
			continue
		}
		m.distrusted = true
		if m.process == nil { // start has not returned
			m.stop(why)
		} else {
			m.process.Kill()
		}
	}
}

// drop closes the files and segments of a reply that is not used.
func (r *reply) drop() {
	link.CloseAll(r.Files)
	r.News.close()
}

func (c *core) cameUp(m *member, r *reply) {
	if m.process == nil { // start, which sets both, has not returned yet
		m.name, m.pid = r.Name, r.Pid
	}
	if err := c.measured(r.Len, m.name); err != nil {
		c.distrust(err, m)
		return
	}
	m.up, c.failures[m.id] = true, failures{}
	if c.epoch != nil {
		c.epoch.ready(m.id)
		c.assign()
	}
}

// measured takes in the length of the dataset that a worker has reported. All must report the same.
func (c *core) measured(length int, worker string) error {
	if length < 0 && !c.source.iterable {
		return fmt.Errorf("mp: %s has %d samples in %s: Len must not be negative", c.record.dataset, length, worker)
	}
	if c.length == lengthPending {
		c.length = length
	}
	if length != c.length {
		return fmt.Errorf("mp: %s has %d samples in %s and %d in another worker: Len must be the same in all", c.record.dataset, length, worker, c.length)
	}
	return checkSampler(c.opts.batchSampler(), length)
}
