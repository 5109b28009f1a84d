package queue

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// hands is what the broker of an AcknowledgedQueue knows of the items that were given out: they stay its own until they are
// acknowledged. Nothing is sent ahead, so what a client has, it has got.
type hands struct {
	held  map[*client]map[uint64]item // by their numbers; nil: this process
	count int
	back  map[uint64]int // how often an item has come back that is not acknowledged
}

func newHands() *hands {
	return &hands{held: make(map[*client]map[uint64]item), back: make(map[uint64]int)}
}

// len is how many items are in hands.
func (h *hands) len() int {
	if h == nil {
		return 0
	}
	return h.count
}

// pop takes the first item, which is there, for a client (nil: for this process). b.mu is held.
func (b *broker) pop(c *client) item {
	it := b.items.pop()
	if h := b.hands; h != nil {
		if h.held[c] == nil {
			h.held[c] = make(map[uint64]item)
		}
		h.held[c][it.number] = it
		h.count++
	}
	return it
}

// lendHeader is the number of an item that is lent, and how often it has come back.
const lendHeader = 16

// lend gives the first item, which is there, into the hands of a client. b.mu is held.
func (b *broker) lend(w *waiter) {
	it := b.pop(w.client)
	body := make([]byte, 0, lendHeader+itemHeader+len(it.data))
	body = binary.LittleEndian.AppendUint64(body, it.number)
	body = binary.LittleEndian.AppendUint64(body, uint64(b.hands.back[it.number]))
	body, files := appendItem(body, nil, it)
	w.request.Answer(ansItem, body, files)
}

// settleOf is settle for a request. b.mu is held.
func (b *broker) settleOf(c *client, number uint64, r *share.Request) {
	link.CloseAll(r.Files)
	if b.hands == nil || !b.settleItem(c, r.Op, number) {
		r.Client.Break()
	}
}

// settleItem takes an item out of the hands of a client (nil: of this process): it is acknowledged, or comes back. It reports false
// if that client has no such item. b.mu is held.
func (b *broker) settleItem(c *client, op link.Kind, number uint64) bool {
	h := b.hands
	it, ok := h.held[c][number]
	if !ok {
		return false
	}
	delete(h.held[c], number)
	h.count--
	switch op {
	case opAck:
		delete(h.back, number)
		link.CloseAll(it.files)
		if b.puts.len() == 0 && !b.closed {
			return true
		}
	case opReturn:
		h.back[number]++
		b.restore(it)
	case opLate:
		b.restore(it)
	}
	b.distribute()
	return true
}

// takeAll takes everything out of the hands of a client that has left. b.mu is held.
func (b *broker) takeAll(c *client) {
	h := b.hands
	if h == nil {
		return
	}
	var all []item
	for number, it := range h.held[c] {
		h.back[number]++
		all = append(all, it)
	}
	delete(h.held, c)
	h.count -= len(all)
	b.restore(all...)
}

// restore puts items where they were before they were given out: none that came later is in front of them. b.mu is held.
func (b *broker) restore(all ...item) {
	last := uint64(0)
	for _, it := range all {
		last = max(last, it.number)
	}
	for b.items.len() > 0 && b.items.at(0).number < last {
		all = append(all, b.items.pop())
	}
	slices.SortFunc(all, func(x, y item) int { return cmp.Compare(y.number, x.number) })
	for _, it := range all {
		b.items.unget(it)
	}
}
