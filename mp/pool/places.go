package pool

// awaitWork waits, for a place whose worker has left because it was idle, until there is work; false when the pool ends.
// Meanwhile the place counts as asleep. A place is a position in the pool that Pool.keep fills with one worker after the
// other.
func (p *Pool) awaitWork() bool {
	p.mu.Lock()
	if p.queued() > 0 {
		p.mu.Unlock()
		return true
	}
	p.asleep++
	p.mu.Unlock()
	select {
	case <-p.wanted:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// wake lets places that are asleep start workers, as many as there are items that can be given out. p.mu is held.
func (p *Pool) wake() {
	if p.asleep == 0 || p.ending {
		return
	}
	for range min(p.asleep, p.queued()) {
		p.asleep--
		p.wanted <- struct{}{} // has room for every place
	}
}

// queued counts the items of all calls that can be given out. p.mu is held.
func (p *Pool) queued() (n int) {
	for c := range p.calls {
		if c.stopped == nil {
			n += c.waiting()
		}
	}
	return n
}
