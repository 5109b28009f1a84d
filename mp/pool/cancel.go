package pool

import (
	"context"
	"sync/atomic"
)

// cancel stops a submission for Future.Cancel, and marks that it was that, unless it has its outcome.
func (b *batch) cancel(index int, mark *atomic.Bool) {
	p := b.call.pool
	p.mu.Lock()
	claimed := b.at(index) != nil && mark.CompareAndSwap(false, true)
	p.mu.Unlock()
	if claimed {
		b.stop(index, context.Canceled)
	}
}

// stop ends a submission early. One that no worker has begun has its outcome at once; otherwise it is cancelled and, after
// KillDelay, killed.
func (b *batch) stop(index int, reason error) {
	p, c := b.call.pool, b.call
	p.mu.Lock()
	s := b.at(index)
	if s == nil || s.stopped != nil || c.stopped != nil {
		p.mu.Unlock()
		return
	}
	s.stopped = reason
	b.marked++
	w, id := p.whereIs(c, index)
	if w != nil && (id == 0 || !w.takeBack(id)) {
		p.mu.Unlock()
		if id != 0 {
			w.ladder(id, 1, reason)
		} // else deliver does that
		return
	}
	p.mu.Unlock()
	b.outcome(index, nil, nil, errNotRun)
	p.dispatch()
}

// whereIs says which worker has an item, and under which number; 0: it is about to get it. p.mu is held.
func (p *Pool) whereIs(c *call, index int) (w *worker, id uint64) {
	for _, w := range p.workers {
		if k := w.packing; k != nil && k.call == c && uint(index-k.from) < uint(k.count) {
			return w, 0
		}
		for _, k := range w.queue {
			if k.call == c && uint(index-k.index()) < uint(k.count-k.done) {
				return w, k.first + uint64(index-k.from)
			}
		}
	}
	return nil, 0
}

// stopSent cancels those of a chunk, which is on its way, that were stopped while it was encoded.
func (b *batch) stopSent(w *worker, k *chunk) {
	p := b.call.pool
	p.mu.Lock()
	reasons := make(map[uint64]error)
	for i := range k.count {
		if s := b.at(k.from + i); s != nil && s.stopped != nil {
			reasons[k.first+uint64(i)] = s.stopped
		}
	}
	p.mu.Unlock()
	for id, reason := range reasons {
		w.ladder(id, 1, reason)
	}
}

// stoppedFor is why nobody waits for an item any more; nil when somebody does. p.mu is held.
func (c *call) stoppedFor(index int) error {
	if c.batch != nil && c.stopped == nil {
		if s := c.batch.at(index); s != nil {
			return s.stopped
		}
	}
	return c.stopped
}
