package dataloader

import "time"

// expect sets the deadline at which the worker is killed, in place of the one before. c.mu is held.
func (c *core) expect(m *member, d deadline) {
	if m.overdue != nil {
		return
	}
	m.due, m.doubted = d, false
	if m.timer != nil {
		m.timer.Stop()
	}
	if m.process != nil && !d.at.IsZero() { // before the process is started, start sets the timer
		m.timer = time.AfterFunc(time.Until(d.at), func() { c.expire(m) })
	}
}

// expectNext sets the next deadline of a worker that has sent a reply. c.mu is held.
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

// expire kills a worker at its deadline. Two workers get a new deadline instead. One that is at a later order has answered the
// earlier one in time, and its reply is on the way. One that was at nothing at the first look, and is at an order now, has only
// begun it.
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
	if word == 0 && !m.doubted { // perhaps it has answered in time, and this process was stopped meanwhile
		m.doubted = true
		m.timer = time.AfterFunc(doubt, func() { c.expire(m) })
		return
	}
	m.overdue = &word
	m.process.Kill()
}

// doubt is how long the reply of a worker that is at nothing may be on its way.
const doubt = 100 * time.Millisecond

// lost takes back the orders of a worker that has died. It blames what the worker was at, unless the death has another reason.
// c.mu is held.
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
	answered := m.overdue != nil && c.epoch.find(m.id, m.due.serial) == nil // too late, but before it was killed
	if wasCalledOff || answered || m.distrusted {
		c.epoch.takeBack(m.id)
	} else {
		c.epoch.died(m.id, word, m.death(err, c.record.dataset))
	}
	c.assign()
}
