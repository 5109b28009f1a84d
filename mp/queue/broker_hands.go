package queue

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// When an item of an AcknowledgedQueue is taken, the broker keeps it, by its number, in the consumer's hands (held) until it is
// settled: acknowledged or returned. Items begin with a label, so that the consumer can say which one it settles.
//
//	+---------------+--------------------------------+-------+
//	| number, 8 B   | how often it came back, 8 B    | value |
//	+---------------+--------------------------------+-------+
const (
	labelSize   = 16
	labelReturn = 8
)

// label puts a label before a new item, if the queue is an AcknowledgedQueue. b.mu is held.
func (b *broker) label(it *item) {
	if b.held == nil {
		return
	}
	data := make([]byte, labelSize, labelSize+len(it.data))
	binary.LittleEndian.PutUint64(data, it.number)
	it.data = append(data, it.data...)
}

// cameBack counts on the label that the item came back.
func (it *item) cameBack() {
	n := it.data[labelReturn:]
	binary.LittleEndian.PutUint64(n, binary.LittleEndian.Uint64(n)+1)
}

// pop takes the first item, which is there, for this process. The bytes lie in buf if they fit, unless the broker keeps the
// item. b.mu is held.
func (b *broker) pop(buf []byte) item {
	if b.held == nil {
		return b.items.pop(buf)
	}
	it := b.items.pop(nil)
	b.held[it.number] = it
	return it
}

// took notes that the client has taken an item.
func (c *client) took(it item) {
	if c.held != nil {
		c.held[it.number] = it
	} else {
		link.CloseAll(it.files)
	}
}

// has is how many items of the queue the client has: ahead, and in its hands.
func (c *client) has() int {
	if c.held == nil {
		return c.left()
	}
	return c.ahead.len() + len(c.held)
}

// settleFor settles an item that a client has in its hands. b.mu is held.
func (b *broker) settleFor(c *client, op link.Kind, number uint64, r *share.Request) {
	link.CloseAll(r.Files)
	c.trim()
	if !b.settleItem(c.held, op, number) {
		r.Client.Break()
	}
}

// settleItem takes an item out of a consumer's hands: it was acknowledged (opAck), is returned (opReturn), or comes back
// without having been seen there. settleItem reports false if it is not in held. b.mu is held.
func (b *broker) settleItem(held map[uint64]item, op link.Kind, number uint64) bool {
	it, ok := held[number]
	if !ok {
		return false
	}
	delete(held, number)
	switch op {
	case opAck:
		link.CloseAll(it.files)
		if b.puts.len() == 0 && !b.closed {
			return true // nothing waits for room, or for the end
		}
	case opReturn:
		it.cameBack()
		b.restore(it)
	default:
		b.restore(it)
	}
	b.distribute()
	return true
}

// emptyHands takes everything out of the hands of a client that has left. b.mu is held.
func (b *broker) emptyHands(c *client) {
	all := make([]item, 0, len(c.held))
	for _, it := range c.held {
		it.cameBack()
		all = append(all, it)
	}
	c.held = nil
	b.restore(all...)
}

// restore puts items back where they were before they were given out: behind earlier ones, and in front of later ones. b.mu
// is held.
func (b *broker) restore(all ...item) {
	last := uint64(0)
	for _, it := range all {
		last = max(last, it.number)
	}
	for b.items.len() > 0 && b.items.first() < last {
		all = append(all, b.items.pop(nil))
	}
	slices.SortFunc(all, func(x, y item) int { return cmp.Compare(y.number, x.number) })
	for _, it := range all {
		b.items.unget(it)
	}
}
