package pool

// dispatch gives out what workers have room for.
func (p *Pool) dispatch() { p.dispatchFor(nil) }

// dispatchFor does so for the goroutine that waits for the call alone. It returns the worker that has got the item, if that is
// known: then the goroutine receives from it.
func (p *Pool) dispatchFor(c *call) (with *worker) {
	for {
		p.mu.Lock()
		w, k := p.match()
		if k == nil {
			p.wake()
			p.mu.Unlock()
			return with
		}
		w.sending, w.packing = true, k
		p.mu.Unlock()
		if more := w.deliver(k); more && k.call == c {
			with = w
		} else {
			w.receiver.summon()
		}
	}
}

// match chooses the next chunk and a worker for it: one that has nothing to do if there is one, and of these always the same,
// which is still awake then, while the others may leave. p.mu is held.
func (p *Pool) match() (*worker, *chunk) {
	for load := 0; load < window && !p.turn.empty(); load++ {
		for _, w := range p.workers {
			if len(w.queue) == load {
				if k := p.pick(w); k != nil {
					return w, k
				}
			}
		}
	}
	return nil, nil
}

// feed gives a worker work as long as there is some and it has room. What was left of a chunk then is for others, too, which may
// have found nothing meanwhile; the worker does not wait for that.
func (p *Pool) feed(w *worker) {
	left := false
	for more := true; more; {
		p.mu.Lock()
		k := p.pick(w)
		if k == nil {
			p.mu.Unlock()
			break
		}
		w.sending, w.packing = true, k
		count := k.count
		p.mu.Unlock()
		more = w.deliver(k)
		left = left || k.sent < count
	}
	if left {
		go p.dispatch()
	}
}

// window is how many chunks a worker may have: the one it is at and, of quick items, another one.
const window = 2

// pick chooses the next chunk for a worker: of the calls in turn, so that a long one does not shut out the others.
// p.mu is held.
func (p *Pool) pick(w *worker) *chunk {
	if p.ending || w.gone || w.sending || w.leaving != nil || len(w.queue) >= window || len(w.skips) > 0 {
		return nil
	}
	most := maxChunk
	if limit := p.opts.MaxTasksPerWorker; limit > 0 {
		if most = min(most, limit-w.given); most <= 0 {
			return nil
		}
	}
	if k := w.head(); k != nil {
		// Behind an item that hangs, only items of the same call may wait, and other calls have their turn when the worker is
		// done; suspects, and what could not be sent again, travel alone. What waits of a batch has to be taken back then.
		c := k.call
		if !c.boards && len(c.lost) == 0 && (c.batch == nil || w.journal != nil) && p.turn.only(c) && c.pace.ahead(c.waiting(), p.opts.Workers) {
			return w.tells(c.cut(most))
		}
		return nil
	}
	for c := p.turn.pop(); c != nil; c = p.turn.pop() {
		room := most
		if c.batch != nil && w.journal == nil {
			room = 1 // what waits there could not be taken back
		}
		if k := w.tells(c.cut(room)); k != nil {
			p.turn.push(c) // behind the others; if that was all, it is left out when its turn comes
			return k
		}
	}
	return nil
}
