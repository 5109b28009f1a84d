package queue

import (
	"encoding/binary"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// distribute does whatever can be done now: it takes in items, gives out items and room, and answers what waits for the
// end. b.mu is held.
func (b *broker) distribute() {
	b.drain()
	for b.giveOut(); b.wantsItems() && b.askRings(); b.giveOut() {
		before := b.last
		if b.drain(); b.last == before {
			return // what is in the rings waits for items on the link, or is nonsense
		}
	}
}

// wantsItems reports whether something waits for items to come. b.mu is held.
func (b *broker) wantsItems() bool {
	return b.items.len() == 0 && (b.gets.len() > 0 || len(b.joins) > 0 && b.unfinished == 0 || b.closed && !b.dropped)
}

// giveOut does what can be done with the items that are here. b.mu is held.
func (b *broker) giveOut() {
	b.fresh = 0
	b.setTellMe()
	for _, c := range b.all {
		c.trim()
		if b.closed {
			c.revoke()
		}
	}
	for came := true; came; {
		last := b.last
		b.serve()
		b.admit()
		came = b.last > last
	}
	b.feed()
	if b.closed && b.items.len() == 0 { // the last ones may just have been sent
		b.setTellMe()
		b.serve()
	}
	b.finish()
}

// drained reports whether the queue was closed and no item is left: here, on the way, lent, or in hands. b.mu is held.
func (b *broker) drained() bool {
	if !b.closed || b.items.len()+len(b.held) > 0 {
		return false
	}
	for _, c := range b.all {
		if c.reserved() > 0 || c.has() > 0 || c.lent > 0 {
			return false
		}
	}
	return true
}

// finish answers the Joins once all is done, and drops the queue once it is drained. b.mu is held.
func (b *broker) finish() {
	if len(b.joins) > 0 && b.unfinished == 0 {
		for _, c := range b.all {
			if c.onTheWay() > 0 {
				return
			}
		}
		for _, w := range b.joins {
			b.join(w)
		}
		b.joins, b.told = nil, b.lost
	}
	if b.drained() && b.gets.len() == 0 && b.unfinished == 0 && !b.dropped {
		b.dropped = true
		b.ref.Drop()
		for _, c := range b.all {
			b.closeInlet(c)
		}
	}
}

// join answers a Join. b.mu is held.
func (b *broker) join(w *waiter) {
	lost := b.lost - b.told
	switch {
	case w.client == nil:
		w.answer <- answer{kind: ansYes, n: lost}
	default:
		w.request.Answer(ansYes, binary.LittleEndian.AppendUint64(numbered(uint64(lost)), uint64(b.told)), nil)
	}
}

// done notes that an item is done; c is nil for this process. The caller then calls allDone. b.mu is held.
func (b *broker) done(c *client) link.Kind {
	if b.unfinished == 0 {
		return ansWrong
	}
	b.unfinished--
	if c != nil {
		c.done++
	}
	return ansYes
}

// allDone has the Joins answered, and the queue dropped, if all items are done. b.mu is held.
func (b *broker) allDone() {
	if b.unfinished == 0 {
		b.distribute()
	}
}
