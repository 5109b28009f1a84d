package pool

// awaitWork waits until there is work for a place whose worker has left for want of it; false when the pool ends.
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

// wake starts workers in places that are asleep, as many as there are items that no worker has. p.mu is held.
func (p *Pool) wake() {
	if p.asleep == 0 || p.ending {
		return
	}
	for range min(p.asleep, p.queued()) {
		p.asleep--
		p.wanted <- struct{}{} // has room for every place
	}
}

// queued counts the items that are there and wait for a worker. p.mu is held.
func (p *Pool) queued() (n int) {
	for c := range p.calls {
		if c.stopped == nil {
			n += c.waiting()
		}
	}
	return n
}
