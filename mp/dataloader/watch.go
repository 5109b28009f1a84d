package dataloader

import "time"

// expect kills the worker at the deadline d, unless there is another one until then. c.mu is held.
func (c *core) expect(m *member, d deadline) {
	if m.overdue != nil {
		return
	}
	m.due, m.doubted = d, false
	if m.timer != nil {
		m.timer.Stop()
	}
	if m.process != nil && !d.at.IsZero() { // else start will see to it, or it has all the time
		m.timer = time.AfterFunc(time.Until(d.at), func() { c.expire(m) })
	}
}

// expectNext is for a worker that has said something. c.mu is held.
func (c *core) expectNext(m *member) {
	d := deadline{}
	switch b, now := c.opts.bounds(), time.Now(); {
	case m.due.off:
		d = b.drop(d, m.due.serial, now)
	case c.epoch != nil && len(c.epoch.seats[m.id].out) > 0:
		t := c.epoch.seats[m.id].out[0]
		d = b.answer(t.serial, t.limit, now)
	}
	c.expect(m, d)
}

// expire kills a worker whose time is over. One that is at a later order has answered in time, and that is on its way; one that was at
// nothing at the first look, and is at something now, has only begun it.
func (c *core) expire(m *member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.members[m.id] != m || m.due.at.IsZero() || now.Before(m.due.at) {
		return // it has ended, or was given more time, while the timer went off
	}
	word := m.atWork.Load()
	if c.epoch != nil && m.up {
		if t := c.epoch.at(m.id, word); t != nil && (t.serial > m.due.serial || m.doubted) {
			c.expect(m, c.opts.bounds().answer(t.serial, t.limit, now))
			return
		}
	}
	if word == 0 && !m.doubted { // it has answered what it had, perhaps, and this process was stopped
		m.doubted = true
		m.timer = time.AfterFunc(doubt, func() { c.expire(m) })
		return
	}
	m.overdue = &word
	m.process.Kill()
}

// doubt is how long an answer may be on its way.
const doubt = 100 * time.Millisecond

// lost takes back what a worker had that has died, and blames what it was at, unless that is not why. c.mu is held.
func (c *core) lost(m *member, err error) {
	word := m.atWork.Load()
	if m.overdue != nil {
		word = *m.overdue
	}
	wasCalledOff := m.due.off && (c.epoch == nil || c.epoch.at(m.id, word) == nil)
	if !wasCalledOff {
		c.stats.Deaths++
	}
	if c.epoch == nil {
		return
	}
	if len(c.epoch.seats[m.id].out) > 0 && !wasCalledOff {
		c.stats.spent(time.Since(m.due.since), true)
	}
	answered := m.overdue != nil && c.epoch.find(m.id, m.due.serial) == nil // after its time
	if wasCalledOff || answered || m.distrusted {
		c.epoch.takeBack(m.id)
	} else {
		c.epoch.died(m.id, word, m.death(err, c.record.dataset))
	}
	c.assign()
}
