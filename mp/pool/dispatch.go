package pool

// dispatch gives items to the workers that have room for them.
func (p *Pool) dispatch() { p.dispatchFor(nil) }

// dispatchFor is dispatch for a goroutine that waits for call c, which has one item, and for nothing else. It returns the
// worker that it has sent the item to, so that the goroutine can receive from it; nil if it does not know that worker.
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

// match picks the next chunk and a worker for it, if possible one that has nothing to do. Of these it always takes the
// first, which is then still awake from its last item, while the others may leave as idle. p.mu is held.
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

// feed gives a worker chunks as long as there are some and it has room. The rest of a chunk that was cut may also be for
// other workers, which may have found no work meanwhile. It is dispatched by another goroutine, so that this worker does
// not wait for that.
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

// window is how many chunks a worker may have: the one that it is at and, if the items are quick, another one.
const window = 2

// pick cuts the next chunk for a worker out of a call; nil when there is none. Calls take turns, so that a long one does
// not shut out the others. p.mu is held.
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
		// Behind an item that hangs, only items of its own call may wait. Other calls have their turn when the worker has
		// nothing left. Suspects, and items that could not be sent again, travel alone. Items of a batch must be taken back
		// from behind an item that hangs, which takes a journal.
		c := k.call
		if !c.boards && len(c.lost) == 0 && (c.batch == nil || w.journal != nil) && p.turn.only(c) && c.pace.ahead(c.waiting(), p.opts.Workers) {
			return w.tells(c.cut(most))
		}
		return nil
	}
	for c := p.turn.pop(); c != nil; c = p.turn.pop() {
		room := most
		if c.batch != nil && w.journal == nil {
			room = 1 // without a journal, items that wait cannot be taken back
		}
		if k := w.tells(c.cut(room)); k != nil {
			p.turn.push(c) // behind the others; if it has no items left, its next turn removes it
			return k
		}
	}
	return nil
}
