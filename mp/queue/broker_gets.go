package queue

import (
	"bytes"
	"cmp"
	"runtime"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// reclaim returns how many items w is to get: its share of those that are here. If none are, reclaim takes items back from
// a client that has some ahead, and w gets all of them, as they may be too old for the next waiter. Without anyOrder, w
// gets none that are too old for it, unless that client stands still. b.mu is held.
func (b *broker) reclaim(w *waiter, anyOrder bool) int {
	atMost := 1
	if w.client != nil && w.client.aheadWord.Uint64 != nil {
		atMost = max(1, w.client.target)
	}
	if n := b.items.len(); n > 0 {
		return min(atMost, max(1, n/b.gets.len()))
	}
	reached := b.got
	if w.client != nil {
		reached = w.client.reached()
	}
	for range 2*len(b.clients) + 1 { // clients may take the items meanwhile; try again, but not for ever
		var richest *client
		most := 0
		for _, c := range b.all {
			if n := c.left(); n > most && (anyOrder || c.still() || c.reached() > reached) {
				richest, most = c, n
			}
		}
		if richest == nil {
			return 0
		}
		richest.trim()
		n := min(atMost, (richest.ahead.len()+1)/2)
		if !anyOrder && !richest.still() {
			n = richest.ahead.after(reached, n)
		}
		richest.target = max(richest.target/2, 1)
		if n = b.takeBack(richest, n); n > 0 {
			return n
		}
	}
	return 0
}

// supply gives w the items that it may get, and reports whether there were any. b.mu is held.
func (b *broker) supply(w *waiter) bool {
	n := b.reclaim(w, w.now)
	if n > 0 {
		b.give(w, n)
	}
	return n > 0
}

// serve gives items to the waiters, in order. b.mu is held.
func (b *broker) serve() {
	for b.gets.len() > 0 {
		w := *b.gets.at(0)
		switch {
		case w.client != nil && w.client.left() > 0: // it asked before it saw the items that it has ahead
			b.gets.pop()
			w.reply(ansYes)
		case b.supply(w):
			b.gets.pop()
		case b.drained():
			b.gets.pop()
			w.reply(ansClosed)
		case b.serveBehind():
		default:
			b.refuse()
			b.bePatient()
			return
		}
	}
	b.calm()
}

// serveBehind answers the waiters behind the first one that have items ahead, and asked before they saw them. The first
// waiter cannot have these items: it has already got later ones. serveBehind reports whether it answered any. b.mu is held.
func (b *broker) serveBehind() bool {
	return b.gets.remove(func(w **waiter) bool {
		if c := (*w).client; c == nil || c.left() == 0 {
			return false
		}
		(*w).reply(ansYes)
		return true
	})
}

// hold waits a little for several items to come, if a client asks again right after it got some, and no other consumer
// waits: a round trip costs more than the items. b.mu is held, but released while it waits.
func (b *broker) hold(c *client) {
	if c.aheadWord.Uint64 == nil || c.left() > 0 || b.capacity > 0 || b.gets.len() > 0 { // a waiter would not get what drain finds
		return
	}
	b.drain()
	few := func() bool { n := b.items.len(); return 0 < n && n < min(2*c.target, holdFor) }
	for few() && c.left() == 0 && !b.closed && time.Since(c.fed) < linger {
		b.mu.Unlock()
		runtime.Gosched()
		b.enter()
	}
}

// bePatient makes sure that waiters get, sooner or later, the items that other clients have ahead but do not take. b.mu is
// held.
func (b *broker) bePatient() {
	ahead := 0
	for _, c := range b.all {
		ahead += c.left()
	}
	switch {
	case ahead == 0:
		b.calm()
	case b.grace == nil:
		for _, c := range b.all {
			if !c.still() {
				c.stuck, c.stood = false, c.checkedWord().first()
			}
		}
		var grace *time.Timer
		grace = time.AfterFunc(stillness, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.grace != grace { // it was stopped too late
				return
			}
			b.grace = nil
			for _, c := range b.all {
				c.stuck = c.left() > 0 && c.checkedWord().first() == c.stood
			}
			b.distribute()
		})
		b.grace = grace
	}
}

// still reports whether the client stands still.
func (c *client) still() bool { return c.stuck && c.checkedWord().first() == c.stood }

// calm stops the timer of bePatient. b.mu is held.
func (b *broker) calm() {
	if b.grace != nil {
		b.grace.Stop()
		b.grace = nil
	}
}

// give gives w an item, which is there; a client with shared memory gets n. Without it, the item is lent until the client
// confirms it: it may come back, if the Get has ended, and a closed queue is not empty before that is known. That costs each
// such Get one more message, for which nobody waits. To ask the clients at the end instead would cost less, but one that was
// stopped long after its last Get could not answer, and the others would wait for it. b.mu is held.
func (b *broker) give(w *waiter, n int) {
	c := w.client
	switch {
	case w.looks:
		w.reply(ansYes)
	case c == nil:
		it := b.pop(nil)
		b.got = max(b.got, it.number)
		w.answer <- answer{ansItem, it, 0}
	case c.aheadWord.Uint64 == nil:
		it := b.items.pop(nil)
		c.got = max(c.got, it.number)
		c.handed++
		if c.held == nil {
			c.lent++
		}
		w.request.Answer(ansItem, append(numbered(it.number), it.data...), it.files)
		c.took(it)
	default:
		b.send(c, n)
		w.reply(ansYes)
	}
}

// send sends up to n items ahead to a client. b.mu is held.
func (b *broker) send(c *client, n int) {
	c.trim()
	for room := mostBytes; n > 0 && room > 0; {
		r := b.items.take(n, min(room, mostAtOnce))
		n, room = n-r.items, room-len(r.data)
		c.ahead.add(r)
		c.raise(r.items)
		kind := evItems
		if r.alone {
			kind = evItem
		}
		c.of.Tell(b.ref, kind, r.data, r.files)
	}
	c.fed = time.Now()
}

// feed sends items ahead to clients that have asked for more and will need them. b.mu is held.
func (b *broker) feed() {
	if b.items.len() == 0 || b.gets.len() > 0 {
		return
	}
	var hungry []*client
	for _, c := range b.all {
		if c.hungry && c.ready() {
			hungry = append(hungry, c)
		}
	}
	for i, c := range hungry {
		n := min(c.target-c.left(), b.items.len()/(len(hungry)-i))
		if n >= max(1, c.target/4) {
			b.send(c, n)
			c.hungry = false
		}
	}
}

// refuse answers the waiters that are "now or never", unless items are on their way: as far as can be known, these were put
// before the waiters asked. Each of the waiters waits for them, for arrivalTime at most. b.mu is held.
func (b *broker) refuse() {
	coming := slices.ContainsFunc(b.all, func(c *client) bool { return c.onTheWay() > 0 })
	var next time.Duration
	b.gets.remove(func(p **waiter) bool {
		w := *p
		if !w.now {
			return false
		}
		if coming {
			now := time.Now()
			if w.never.IsZero() {
				w.never = now.Add(arrivalTime)
			}
			if left := w.never.Sub(now); left > 0 {
				next = cmp.Or(next, left) // the waiters behind w have more time left
				return false
			}
		}
		w.reply(ansNo)
		return true
	})
	if next > 0 && b.refusal == nil {
		b.refusal = time.AfterFunc(next, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.refusal = nil
			b.distribute()
		})
	}
}

// unget takes back an item that its client got too late. It checks, as far as possible, that the client was given such an
// item. b.mu is held.
func (b *broker) unget(c *client, body []byte, r *share.Request) {
	if c.held != nil {
		b.settleFor(c, opUnget, number(body), r)
		return
	}
	n := number(body)
	if c.aheadWord.Uint64 != nil || c.lent == 0 || n == 0 || n > c.got {
		link.CloseAll(r.Files)
		r.Client.Break()
		return
	}
	c.handed--
	c.lent--
	b.restore(item{data: bytes.Clone(body[numberSize:]), files: r.Files, number: n})
	b.distribute()
}

// confirmed notes that a client has taken an item, which was lent to it or which it had ahead. b.mu is held.
func (b *broker) confirmed(c *client) {
	if c.lent > 0 {
		if c.lent--; !b.closed {
			return // nothing waits for that
		}
	}
	b.distribute()
}
