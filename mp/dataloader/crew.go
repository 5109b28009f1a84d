package dataloader

import (
	"context"
	"errors"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// up counts the workers that are ready. c.mu is held.
func (c *core) up() (n int) {
	for _, m := range c.members {
		if m != nil && m.up {
			n++
		}
	}
	return n
}

// hire starts the workers that are missing. c.mu is held.
func (c *core) hire() {
	for id, m := range c.members {
		if m == nil && !c.closed && c.broken == nil {
			if c.members[id], c.broken = c.newMember(id); c.broken == nil {
				c.stats.Starts++
				c.tasks.Add(1)
				go c.attend(c.members[id])
			}
		}
	}
}

// failures of the workers with one ID to come up.
type failures struct {
	inRow   int
	arrived int // how many batches had at the last one
}

// mostFailures is how many there may be in a row.
const mostFailures = 5

// add counts one more. That somebody else has killed the worker is no failure of its own, as long as batches of others arrive.
func (f *failures) add(killed bool, arrived int) {
	if killed && arrived > f.arrived {
		f.inRow = 0
	}
	f.inRow++
	f.arrived = arrived
}

// wasKilled reports whether somebody else has killed the worker, which ended with err: not this loader.
func (m *member) wasKilled(err error) bool {
	var exit *spawn.ExitError
	return errors.As(err, &exit) && exit.Cause == spawn.CauseSignal && m.overdue == nil && !m.distrusted
}

// ended takes note that a worker has ended, and sees to another one.
func (c *core) ended(m *member, err error) {
	c.mu.Lock()
	if m.timer != nil {
		m.timer.Stop()
	}
	m.loans.end()
	if c.members[m.id] == m {
		c.members[m.id] = nil
		if c.epoch != nil {
			c.epoch.seats[m.id].ready = false
		}
	}
	pause := time.Duration(0)
	switch {
	case m.retired || c.ctx.Err() != nil:
		var exit *spawn.ExitError
		if errors.As(err, &exit) && exit.Returned && exit.Cause != spawn.CauseCancel && exit.Cause != spawn.CauseDeadline {
			c.exits.Add(err)
		}
	case !m.up:
		f := &c.failures[m.id]
		f.add(m.wasKilled(err), c.arrived)
		pause = 5 * time.Millisecond << f.inRow
		if c.broken == nil && (f.inRow >= mostFailures || c.epoch == nil) {
			c.broken = m.death(err, c.record.dataset).err
		}
	case !c.opened && c.broken == nil: // the others are yet to come up
		c.broken = m.death(err, c.record.dataset).err
	default:
		c.lost(m, err)
	}
	again := !m.retired && c.broken == nil && (c.epoch != nil || c.opts.Persistent)
	c.mu.Unlock()
	c.signal()
	if !again {
		return
	}
	spawn.Log.Warn("a worker of a loader has died", "name", m.name, "pid", m.pid, "error", err)
	select {
	case <-time.After(pause):
	case <-c.ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() == nil && (c.epoch != nil || c.opts.Persistent) {
		c.hire()
	}
	c.signal()
}

// retire ends all workers, and waits until they are gone.
func (c *core) retire() {
	c.mu.Lock()
	var gone []*member
	for _, m := range c.members {
		if m != nil {
			m.retired = true
			m.stop(context.Canceled)
			gone = append(gone, m)
		}
	}
	c.mu.Unlock()
	for _, m := range gone {
		<-m.done
	}
	c.mu.Lock()
	c.retiring = false
	c.mu.Unlock()
}

// callOff has the workers drop what they have been ordered, if they stay. c.mu is held.
func (c *core) callOff() {
	if !c.opts.Persistent {
		return
	}
	for _, m := range c.members {
		busy := m != nil && len(c.epoch.seats[m.id].out) > 0
		if m == nil || !m.up || !busy && !c.source.iterable { // an IterableDataset may be in the middle of its samples
			continue
		}
		c.serial++
		m.loans.withdraw()
		if err := m.orders.Put(context.Background(), order{Serial: c.serial, Cancel: true}); err != nil {
			c.broken = err
		}
		if busy || m.due.off {
			c.expect(m, c.opts.bounds().drop(m.due, c.serial, time.Now()))
		}
	}
}
