package queue

import (
	"encoding/binary"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// takenNow is how many of the items that were sent to the client are taken.
func (c *client) takenNow() uint64 {
	if c.taken.Uint64 == nil {
		return c.sent
	}
	n := c.taken.Load() &^ tellMe
	first := c.sent - uint64(c.ahead.len())
	if n < first || n > c.sent { // nonsense: then it has had all
		return c.sent
	}
	return n
}

// outstanding is how many items were sent to the client and are not taken.
func (c *client) outstanding() int { return int(c.sent - c.takenNow()) }

// trim forgets those that are taken.
func (c *client) trim() {
	left := c.outstanding()
	for c.ahead.len() > left {
		link.CloseAll(c.ahead.pop().files)
		c.handed++
	}
}

// takeBack takes back up to n of the items that were sent ahead to a client, the first ones, which come out next. It returns how
// many there were. b.mu is held.
func (b *broker) takeBack(c *client, n int) int {
	if c.taken.Uint64 == nil {
		return 0
	}
	for {
		c.trim()
		n = min(n, c.ahead.len())
		if n == 0 {
			return 0
		}
		word := c.taken.Load()
		taken := word &^ tellMe
		if taken != c.sent-uint64(c.ahead.len()) {
			if taken < c.sent-uint64(c.ahead.len()) || taken > c.sent {
				return 0
			}
			continue
		}
		if c.taken.CompareAndSwap(word, word+uint64(n)) {
			break
		}
	}
	back := make([]item, 0, n)
	for range n {
		back = append(back, c.ahead.pop())
	}
	for i := n - 1; i >= 0; i-- {
		b.items.unget(back[i])
	}
	return n
}

// reclaim makes sure that there is an item here if there is one anywhere. b.mu is held.
func (b *broker) reclaim() bool {
	if b.items.len() > 0 {
		return true
	}
	var richest *client
	for _, c := range b.clients {
		if n := c.outstanding(); n > 0 && (richest == nil || n > richest.outstanding()) {
			richest = c
		}
	}
	if richest == nil {
		return false
	}
	richest.target = max(richest.target/2, 1)
	return b.takeBack(richest, (richest.outstanding()+1)/2) > 0 || b.reclaim()
}

// serve gives items to those who wait, in order. b.mu is held.
func (b *broker) serve() {
	for b.gets.len() > 0 {
		w := *b.gets.at(0)
		switch {
		case w.client != nil && w.client.outstanding() > 0: // it has asked before it saw them
			b.gets.pop()
			w.reply(ansYes)
		case b.reclaim():
			b.gets.pop()
			b.give(w)
		case b.drained():
			b.gets.pop()
			w.reply(ansClosed)
		default:
			b.refuse()
			return
		}
	}
}

// give gives an item, which is there, to who waits; to a client more. b.mu is held.
func (b *broker) give(w *waiter) {
	c := w.client
	switch {
	case c == nil:
		w.answer <- answer{ansItem, b.items.pop(), 0}
	case c.taken.Uint64 == nil:
		it := b.items.pop()
		c.handed++
		w.request.Answer(ansItem, appendFirst(it), it.files)
		link.CloseAll(it.files)
	default:
		b.send(c, max(1, min(c.target, b.items.len()/(b.gets.len()+1))))
		w.reply(ansYes)
	}
}

func appendFirst(it item) []byte {
	b, _ := appendItem(make([]byte, 0, itemHeader+len(it.data)), nil, it)
	return b
}

// send sends up to n items ahead to a client. b.mu is held.
func (b *broker) send(c *client, n int) {
	body := binary.LittleEndian.AppendUint64(make([]byte, 0, 512), c.sent)
	var files []*os.File
	for range n {
		it := *b.items.at(0)
		if len(body) > 8 && len(body)+itemHeader+len(it.data) > mostBytes {
			break
		}
		b.items.pop()
		body, files = appendItem(body, files, it)
		c.ahead.push(it)
		c.sent++
	}
	c.of.Tell(b.ref, evItems, body, files)
}

// feed sends items ahead to clients that have asked for more and will need them. b.mu is held.
func (b *broker) feed() {
	if b.items.len() == 0 || b.gets.len() > 0 {
		return
	}
	hungry := 0
	for _, c := range b.clients {
		if c.hungry {
			hungry++
		}
	}
	for _, c := range b.clients {
		if !c.hungry {
			continue
		}
		want := c.target - c.outstanding()
		portion := min(want, b.items.len()/hungry)
		if portion >= max(1, c.target/4) {
			b.send(c, portion)
			c.hungry = false
		}
	}
}

// refuse answers those for whom it is now or never, unless items are on their way: these were put before, as far as anybody can
// tell. b.mu is held.
func (b *broker) refuse() {
	for _, c := range b.clients {
		if c.onTheWay() > 0 && b.timer == nil {
			b.timer = time.AfterFunc(settling, func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.refuseNow()
			})
		}
		if c.onTheWay() > 0 {
			return
		}
	}
	b.refuseNow()
}

func (b *broker) refuseNow() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	b.gets.remove(func(w **waiter) bool {
		if (*w).now {
			(*w).reply(ansNo)
		}
		return (*w).now
	})
}

// unget takes an item back that its client got too late. b.mu is held.
func (b *broker) unget(c *client, body []byte, r *share.Request) {
	err := splitItems(append([]byte(nil), body...), r.Files, func(it item) {
		b.items.unget(it)
		c.handed--
	})
	if err != nil {
		r.Client.Break()
	}
	b.distribute()
}

// distribute does whatever can be done now: it gives out items, and room, and ends what waits for the end. b.mu is held.
func (b *broker) distribute() {
	b.fresh = 0
	b.watch()
	for _, c := range b.clients {
		c.trim()
		if b.closed {
			c.revoke()
		}
	}
	for again := true; again; again = b.gets.len() > 0 && b.items.len() > 0 {
		b.serve()
		b.admit()
	}
	b.feed()
	b.settle()
}

// watch has the consumers tell of what they take, when somebody waits for that. It comes before we look at what they have
// taken. b.mu is held.
func (b *broker) watch() {
	want := b.closed || b.puts.len() > 0
	for _, c := range b.clients {
		for c.taken.Uint64 != nil {
			word := c.taken.Load()
			set := word &^ tellMe
			if want {
				set |= tellMe
			}
			if word == set || c.taken.CompareAndSwap(word, set) {
				break
			}
		}
	}
}

// drained reports whether the queue was closed and nothing is left of it, nor on its way. b.mu is held.
func (b *broker) drained() bool {
	if !b.closed || b.items.len() > 0 {
		return false
	}
	for _, c := range b.clients {
		if c.reserved() > 0 || c.outstanding() > 0 {
			return false
		}
	}
	return true
}

// settle ends what waits until all is done, and the queue itself. b.mu is held.
func (b *broker) settle() {
	if len(b.joins) > 0 && b.unfinished == 0 {
		for _, c := range b.clients {
			if c.onTheWay() > 0 {
				return
			}
		}
		for _, w := range b.joins {
			b.join(w)
		}
		b.joins, b.lost = nil, 0
	}
	if b.drained() && b.gets.len() == 0 && b.unfinished == 0 && !b.dropped {
		b.dropped = true
		b.ref.Drop()
	}
}

// join answers a Join. b.mu is held.
func (b *broker) join(w *waiter) {
	switch {
	case w.client == nil:
		w.answer <- answer{kind: ansYes, n: b.lost}
	default:
		w.request.Answer(ansYes, binary.LittleEndian.AppendUint64(nil, uint64(b.lost)), nil)
	}
}

// done notes that an item is done; c is nil for this process. b.mu is held.
func (b *broker) done(c *client) link.Kind {
	if b.unfinished == 0 {
		return ansWrong
	}
	b.unfinished--
	if c != nil {
		c.settled++
	}
	if b.unfinished == 0 {
		b.distribute()
	}
	return ansYes
}
