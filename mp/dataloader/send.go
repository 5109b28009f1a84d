package dataloader

import (
	"context"
	"time"
)

// assign sends the orders that workers have room for. c.mu is held.
func (c *core) assign() {
	c.epoch.assign(func(id int, t *task) {
		o := c.order(id, t)
		if c.local != nil {
			c.local.todo = append(c.local.todo, ordered{t, o})
			return
		}
		m := c.members[id]
		t.slab, _ = m.loans.lend() // there is a slab for each order that it may have, unless it has ended
		o.Slab = t.slab
		if err := m.orders.Put(context.Background(), *o); err != nil { // unbounded: it does not wait
			c.broken = err
		}
		if len(c.epoch.seats[id].out) == 1 && !m.due.off {
			c.expect(m, c.opts.bounds().answer(t.serial, t.limit, time.Now()))
		}
	})
}

// order makes the order for a task. c.mu is held.
func (c *core) order(id int, t *task) *order {
	c.serial++
	t.serial = c.serial
	o := &order{Serial: t.serial, Seed: c.epoch.seed, Epoch: c.epoch.number, Indices: t.trying(), Probe: t.probing()}
	if s := &c.epoch.seats[id]; c.source.iterable {
		o.Count, o.Fresh, o.FastForward = c.opts.BatchSize, s.fresh, s.arrived
		s.fresh = false
	}
	t.limit = o.limit(c.opts.Timeout)
	return o
}
