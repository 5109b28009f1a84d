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

// failures counts how often workers with one ID have failed to come up.
type failures struct {
	inRow   int
	arrived int // core.arrived at the last one
}

// mostFailures is how many failures in a row end the epoch.
const mostFailures = 5

// add counts one more. If something outside killed the worker, and replies have arrived since the last failure, the row begins anew.
func (f *failures) add(killed bool, arrived int) {
	if killed && arrived > f.arrived {
		f.inRow = 0
	}
	f.inRow++
	f.arrived = arrived
}

// wasKilled reports whether the worker, which ended with err, was killed by a signal that did not come from this loader.
func (m *member) wasKilled(err error) bool {
	var exit *spawn.ExitError
	return errors.As(err, &exit) && exit.Cause == spawn.CauseSignal && m.overdue == nil && !m.distrusted
}

// ended notes that a worker has ended, and starts another one if it is needed.
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
		if m.unclosed || errors.As(err, &exit) && exit.Returned && exit.Cause != spawn.CauseCancel && exit.Cause != spawn.CauseDeadline {
			c.exits.Add(err)
		}
	case !m.up:
		f := &c.failures[m.id]
		f.add(m.wasKilled(err), c.arrived)
		pause = 5 * time.Millisecond << f.inRow
		if c.broken == nil && (f.inRow >= mostFailures || c.epoch == nil) {
			c.broken = m.death(err, c.record.dataset).err
		}
	case !c.opened && c.broken == nil: // New still waits for other workers
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
	spawn.Log.Warn("a worker of a loader has died", "name", m.name, "child_pid", m.pid, "error", err)
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

// callOff tells workers that outlive the epoch to drop their orders. c.mu is held.
func (c *core) callOff() {
	if !c.opts.Persistent {
		return
	}
	for _, m := range c.members {
		busy := m != nil && len(c.epoch.seats[m.id].out) > 0
		if m == nil || !m.up || !busy && !c.source.iterable { // an idle worker may have an iteration to end
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
