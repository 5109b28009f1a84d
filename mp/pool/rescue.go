package pool

import (
	"fmt"
	"time"
)

// A worker is given more than the item that it is at, so that it never waits for the pool. If that item takes long, rescue
// takes back the items behind it, to run elsewhere, and reads the results before it from the page of the journal.

// rescueEvery is how often rescue looks.
const rescueEvery = 5 * time.Millisecond

// watchOver has rescue look at the workers soon, if items may wait behind the one that this worker is at. p.mu is held.
func (p *Pool) watchOver(w *worker) {
	if !p.rescuing && w.journal != nil && w.behind() {
		p.rescuing = true
		time.AfterFunc(rescueEvery, p.rescue)
	}
}

// behind reports whether the worker has more than one item and reports them in rows. p.mu is held.
func (w *worker) behind() bool {
	k := w.head()
	return k != nil && k.telling != tellEach && (k.count-k.done > 1 || len(w.queue) > 1)
}

// rescue looks for workers that are at the same item as the last time. It takes back what waits behind the item, and
// collects the results before it.
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
			if p.opts.Workers > 1 { // otherwise there is no other worker to run the items
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

// has reports whether the item is one of the chunk's open items.
func (k *chunk) has(id uint64) bool { return id-k.id() < uint64(k.count-k.done) }

// takeBack takes back the items with numbers from this one on, to run elsewhere. It returns false and changes nothing if
// the worker has none of them, or may have begun this one. The worker must have items. p.mu is held.
func (w *worker) takeBack(from uint64) bool {
	for _, k := range w.queue {
		if k.telling == tellEach && k.first+uint64(k.count) > from { // the worker may have announced this item
			return false
		}
	}
	last := w.queue[len(w.queue)-1]
	if w.journal == nil || from >= last.first+uint64(last.count) || !w.journal.TakeBack(from) {
		return false
	}
	if last.count < last.sent && len(w.skips) > 0 {
		w.skips = w.skips[1:] // the worker will skip from an earlier item of that chunk on
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

// giveBackBehind leaves a chunk its first keep items and gives the others back to the call. p.mu is held.
func (w *worker) giveBackBehind(k *chunk, keep int) {
	left := k.count - keep
	k.call.putBack(k.from+keep, left)
	w.ungive(left)
	k.count = keep
}

// skipped notes that the worker has skipped items that were taken back. When nothing else is to be skipped, the worker can
// be given items again. An error says that the worker does not keep to the protocol.
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

// collect settles results that the worker has not sent yet, because the item behind them takes long.
func (p *Pool) collect(w *worker) {
	p.mu.Lock()
	k := w.head()
	if w.gone || k == nil || k.telling == tellEach {
		p.mu.Unlock()
		return
	}
	index := k.index()
	before, _ := w.journal.At(k.id())
	if before == k.id() { // there are none; found would copy the page to say so
		p.mu.Unlock()
		return
	}
	count, results, _ := w.found(k)
	if after, _ := w.journal.At(k.id()); after != before {
		count = 0 // the copy of the page may be half overwritten
	}
	k.done += count
	k.early += count
	w.answered += count
	p.mu.Unlock()
	if count > 0 {
		p.settleResults(k, index, count, results, nil)
	}
}

// dropEarly removes from an answer the results that collect has settled already, and resets k.early.
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
