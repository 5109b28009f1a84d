package pool

import (
	"fmt"
	"time"
)

// A worker is given more than the item that it is at, so that it never waits for us. Should that one take long, then what waits
// behind it is taken back, to run elsewhere, and the results in front of it are read where the worker keeps them.

// rescueEvery is how often rescue looks.
const rescueEvery = 5 * time.Millisecond

// watchOver has rescue look at the workers as long as something may wait behind an item. p.mu is held.
func (p *Pool) watchOver(w *worker) {
	if !p.rescuing && w.journal != nil && w.behind() {
		p.rescuing = true
		time.AfterFunc(rescueEvery, p.rescue)
	}
}

// behind reports whether the worker has more than one item, and tells of them in rows. p.mu is held.
func (w *worker) behind() bool {
	k := w.head()
	return k != nil && k.telling != tellEach && (k.count-k.done > 1 || len(w.queue) > 1)
}

// rescue looks for workers that are at the same item as the last time.
func (p *Pool) rescue() {
	var slow []*worker
	p.mu.Lock()
	p.rescuing = false
	for _, w := range p.workers {
		if !w.behind() {
			continue
		}
		at, working := w.journal.At(w.head().id())
		if working && at == w.seen && w.head().has(at) {
			if p.opts.Workers > 1 { // otherwise nobody else would come to it earlier
				w.takeBack(at + 1)
			}
			slow = append(slow, w)
		}
		w.seen = at
		p.watchOver(w)
	}
	p.mu.Unlock()
	for _, w := range slow {
		p.collect(w)
	}
	if len(slow) > 0 {
		p.dispatch()
	}
}

// has reports whether the item is one of the chunk that has no outcome.
func (k *chunk) has(id uint64) bool { return id-k.id() < uint64(k.count-k.done) }

// takeBack takes the items from this one on away from the worker, which has some, if it has not begun it: they run elsewhere.
// It returns false when there are none, or it has. p.mu is held.
func (w *worker) takeBack(from uint64) bool {
	for _, k := range w.queue {
		if k.telling == tellEach && k.first+uint64(k.count) > from { // the worker may have told that it begins it
			return false
		}
	}
	last := w.queue[len(w.queue)-1]
	if w.journal == nil || from >= last.first+uint64(last.count) || !w.journal.TakeBack(from) {
		return false
	}
	if last.count < last.sent && len(w.skips) > 0 {
		w.skips = w.skips[1:] // it will not come so far
	}
	var skips []uint64
	left := w.queue[:0:0]
	for _, k := range w.queue {
		if end := k.first + uint64(k.count); from < end {
			keep := int(max(from, k.first) - k.first)
			skips = append(skips, k.first+uint64(keep))
			w.giveBackBehind(k, keep)
		}
		switch {
		case k.done < k.count:
			left = append(left, k)
		case k.count > 0:
			w.last = k
		}
	}
	w.queue, w.skips = left, append(skips, w.skips...)
	if len(w.queue) == 0 {
		w.rest()
	}
	w.noteIdle()
	return true
}

// giveBackBehind leaves a chunk its first keep items. p.mu is held.
func (w *worker) giveBackBehind(k *chunk, keep int) {
	left := k.count - keep
	k.call.putBack(k.from+keep, left)
	w.ungive(left)
	k.count = keep
}

// skipped notes that the worker has come to what was taken back from it. From then on it can be given work.
func (w *worker) skipped(id uint64) error {
	p := w.pool
	p.mu.Lock()
	if len(w.skips) == 0 || w.skips[0] != id {
		p.mu.Unlock()
		return fmt.Errorf("%w: it skipped item number %d, which it was to run", errProtocol, id)
	}
	w.skips = w.skips[1:]
	if len(w.queue) == 0 {
		w.rest()
	}
	w.retire()
	p.mu.Unlock()
	p.feed(w)
	return nil
}

// collect settles what the worker has done and not told of yet, because the item behind takes long.
func (p *Pool) collect(w *worker) {
	p.mu.Lock()
	k := w.head()
	if w.gone || k == nil || k.telling == tellEach {
		p.mu.Unlock()
		return
	}
	index := k.index()
	before, _ := w.journal.At(k.id())
	count, results, _ := w.found(k)
	if after, _ := w.journal.At(k.id()); after != before {
		count = 0 // what we have read may be half overwritten
	}
	k.done += count
	k.early += count
	w.answered += count
	p.mu.Unlock()
	if count > 0 {
		p.settleResults(k, index, count, results, nil)
	}
}

// dropEarly leaves out of an answer the results that collect has read.
func (k *chunk) dropEarly(h *answerHeader, body []byte) ([]byte, error) {
	early := k.early
	k.early = 0
	h.count -= uint32(early)
	if k.dense > 0 {
		return body[min(early*k.dense, len(body)):], nil
	}
	for range early {
		var err error
		if _, _, body, _, err = cutItem(body, nil); err != nil {
			return nil, err
		}
	}
	return body, nil
}
