package queue

import (
	"math"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// reserved is the room that was granted to the client and not used for an item, as far as the broker knows.
func (c *client) reserved() int { return int(min(c.granted-c.usedUp, math.MaxInt32)) }

// onTheWay is how many items the client has put that have not come yet. Without shared memory that is not known.
func (c *client) onTheWay() int {
	if c.used.Uint64 == nil || c.granted == 0 {
		return 0
	}
	n := c.used.Load() - c.usedUp
	if n > c.granted-c.usedUp { // nonsense: the client has used more than was granted, or lowered used
		return 0
	}
	return int(n)
}

// grant gives the client room for n more items. b.mu is held.
func (c *client) grant(n uint64) {
	c.granted += n
	if c.limit.Uint64 != nil {
		c.limit.Store(c.granted)
	}
}

// useUp notes that room for n items was used or taken back. It reports false if the client did not have as much.
func (c *client) useUp(n uint64) bool {
	if n > c.granted-c.usedUp {
		return false
	}
	c.usedUp += n
	return true
}

// revoke takes back the room that the client does not use. b.mu is held.
func (c *client) revoke() {
	if c.used.Uint64 == nil {
		return
	}
	for {
		used := c.used.Load()
		if used >= c.granted {
			return
		}
		if c.used.CompareAndSwap(used, c.granted) {
			c.useUp(c.granted - used)
			return
		}
	}
}

// arrive takes in an item of a client. b.mu is held.
func (b *broker) arrive(c *client, body []byte, r *share.Request) {
	b.drainOf(c, false) // the items that it put before
	c.inlet.linked++
	if !c.useUp(1) {
		link.CloseAll(r.Files) // it was granted no room
		r.Client.Break()
		return
	}
	b.add(item{data: body, files: r.Files})
	if b.fresh >= mostFresh {
		b.distribute()
	}
}

// add adds a copy of an item that was put. b.mu is held.
func (b *broker) add(it item) {
	it.number = b.last + 1
	b.label(&it)
	b.items.push(it)
	b.came(1)
}

// came counts items that were added. b.mu is held.
func (b *broker) came(n int) {
	b.last += uint64(n)
	b.fresh += n
	if b.joinable {
		b.unfinished += n
	}
}

// room is how many more items there is room for. b.mu is held.
func (b *broker) room() int {
	if b.closed {
		return 0
	}
	if b.capacity == 0 {
		return math.MaxInt32
	}
	n := b.capacity - b.items.len() - len(b.held)
	for _, c := range b.all {
		n -= c.reserved() + c.has()
	}
	return n
}

// makeRoom is room; if there is none, it first takes back the room that clients do not use. b.mu is held.
func (b *broker) makeRoom() int {
	n := b.room()
	if n > 0 || b.closed {
		return n
	}
	for _, c := range b.all {
		c.revoke()
	}
	return b.room()
}

// admit serves the waiters for room, in order. b.mu is held.
func (b *broker) admit() {
	for b.puts.len() > 0 {
		w := *b.puts.at(0)
		room := b.makeRoom()
		switch {
		case b.closed:
			b.puts.pop()
			w.reply(ansClosed)
		case room > 0:
			b.puts.pop()
			if w.client != nil {
				w.client.grant(b.portion(w.client, room))
			} else {
				b.add(w.item)
			}
			w.reply(ansYes)
		case w.now:
			b.puts.pop()
			w.reply(ansNo)
		default:
			// The waiters behind w wait, too, except those that are "now or never".
			b.puts.remove(func(w **waiter) bool {
				if (*w).now {
					(*w).reply(ansNo)
				}
				return (*w).now
			})
			return
		}
	}
}

// portion is how much of the room a client gets at once. It gets several only with shared memory, where they can be taken
// back.
func (b *broker) portion(c *client, room int) uint64 {
	if c.limit.Uint64 == nil || b.puts.len() > 0 {
		return 1
	}
	return uint64(max(1, min(room/2, mostAhead)))
}
