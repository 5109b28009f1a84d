package pool

import (
	"context"
	"sync/atomic"
)

// cancel stops a submission for Future.Cancel, and sets mark, unless the submission has its outcome.
func (b *batch) cancel(index int, mark *atomic.Bool) {
	p := b.call.pool
	p.mu.Lock()
	claimed := b.at(index) != nil && mark.CompareAndSwap(false, true)
	p.mu.Unlock()
	if claimed {
		b.stop(index, context.Canceled)
	}
}

// stop ends a submission early, unless it has its outcome or is stopped already. If no worker has it, or it can be taken
// back, it gets its outcome at once. Otherwise its ctx is cancelled and, after KillDelay, its worker killed.
func (b *batch) stop(index int, reason error) {
	p := b.call.pool
	p.mu.Lock()
	s := b.at(index)
	marks := s != nil && s.stopped == nil && b.call.stopped == nil
	if marks {
		s.stopped = reason
		b.marked++
	}
	p.mu.Unlock()
	if marks {
		b.recall(index, reason)
	}
}

// recall carries out the stop of a submission that is marked as stopped: it takes it back from its worker, or cancels it
// there.
func (b *batch) recall(index int, reason error) {
	p, c := b.call.pool, b.call
	p.mu.Lock()
	w, id := p.whereIs(c, index)
	if w != nil && (id == 0 || !w.takeBack(id)) {
		p.mu.Unlock()
		if id != 0 {
			w.ladder(id, 1, reason)
		} // else it is being encoded: deliver recalls it afterwards
		return
	}
	ended := c.finished() // the pool may have begun to end meanwhile
	p.mu.Unlock()
	b.outcome(index, nil, nil, errNotRun)
	c.conclude(ended)
	p.dispatch()
}

// whereIs returns the worker that has an item, and the item's number; number 0: the item is being encoded for the worker.
// p.mu is held.
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

// recallStopped recalls those of count submissions, from index from on, that were stopped while they were being encoded, or
// before their worker died.
func (b *batch) recallStopped(from, count int) {
	p := b.call.pool
	p.mu.Lock()
	reasons := make(map[int]error)
	for index := from; index < from+count; index++ {
		if s := b.at(index); s != nil && s.stopped != nil {
			reasons[index] = s.stopped
		}
	}
	p.mu.Unlock()
	for index, reason := range reasons {
		b.recall(index, reason)
	}
}

// stoppedFor is why an item was stopped; nil when it was not. p.mu is held.
func (c *call) stoppedFor(index int) error {
	if c.batch != nil && c.stopped == nil {
		s := c.batch.at(index)
		if s == nil {
			return errNotRun // it has its outcome already, as it was stopped
		}
		return s.stopped
	}
	return c.stopped
}
