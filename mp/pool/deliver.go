package pool

import (
	"errors"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// deliver encodes a chunk and sends it. The caller has set w.sending and w.packing. deliver returns false if another
// goroutine has still to send the message: that one then feeds the worker.
func (w *worker) deliver(k *chunk) (more bool) {
	p, c := w.pool, k.call
	from, count := k.from, k.count // encode may cut k
	b := buffers.Get().(*wire.Buffer)
	own, m := b.Data, w.seat.Link().Reserve(w.size)
	room := cap(m.Body)
	if room > 0 {
		b.Data = m.Body
	}
	bad, err := w.encode(b, k, room)
	m.Body, m.Files = b.Data, b.Files
	if m.InPlace() {
		b.Data = own
	}
	w.size = len(m.Body)
	if err != nil {
		p.settle(c, bad, nil, nil, err)
	}
	p.mu.Lock()
	w.packing = nil
	boarded := k.count > 0 && b.Boarded()
	c.boards = c.boards || boarded
	if c.batch != nil && c.batch.marked > 0 {
		defer c.batch.recallStopped(from, count)
	}
	// The chunk cannot be sent now if items were taken back from the worker meanwhile: the journal would allow those again
	// together with the new numbers. Nor can a passenger (departure.go) be sent to a worker that has an item: if that item
	// kills the worker, the passenger is lost, as it cannot be sent again.
	later := len(w.skips) > 0 || boarded && len(w.queue) > 0
	if k.count == 0 || w.gone || c.stopped != nil || later {
		if later {
			c.putBack(k.from, k.count)
		} else {
			c.giveBack(k)
		}
		w.sending = false
		w.retire()
		ended, elsewhere := c.finished(), w.gone || later
		p.mu.Unlock()
		m.Release()
		reuse(b)
		c.conclude(ended)
		if elsewhere { // the chunk was not in the queue, so that bury did not take it back, or it needs another worker
			p.dispatch()
		}
		return true
	}
	k.transfer = time.Second + time.Duration(len(m.Body))*slowest
	w.transfer = k.transfer
	k.first = w.numbers + 1
	w.numbers += uint64(k.count)
	k.sent = k.count
	w.queue = append(w.queue, k)
	if w.journal != nil {
		w.journal.Allow(w.numbers + 1)
	}
	p.watchOver(w)
	w.idle = time.Time{}
	w.given += k.count
	if len(w.queue) == 1 {
		w.rest()
	}
	p.mu.Unlock()

	m.Kind, m.ID = kindTask, k.first
	if len(m.Files) == 0 && (m.InPlace() || len(m.Body) <= w.inline()) {
		w.transmit(k, m, b)
		return true
	}
	go func() { // Send may block until the worker has read the message
		w.transmit(k, m, b)
		p.feed(w)
		w.receiver.summon()
	}()
	return false
}

// slowest is how long a byte may take to a worker, generously: 20 MB/s.
const slowest = 50 * time.Nanosecond

// The size up to which deliver sends a message itself. So much fits into the buffer of the socket, or into the ring, beside
// the rest of a worker's window: then Send does not wait for the worker.
const (
	inlineSocket = 32 << 10
	inlineRing   = 60 << 10
)

// inline is this size for the link of this worker.
func (w *worker) inline() int {
	if w.journal != nil {
		return inlineRing
	}
	return inlineSocket
}

// transmit sends a chunk. When the link breaks, the worker is dying, and its burial takes the chunk back.
func (w *worker) transmit(k *chunk, m link.Msg, b *wire.Buffer) {
	err := w.seat.Link().Send(m)
	if err == nil {
		b.Sent()
	}
	reuse(b)
	if errors.Is(err, link.ErrNotSent) {
		w.withdraw(k, err)
	}
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	w.sending = false
	w.retire()
}

// withdraw takes back a chunk that could not be sent. Its items are tried again one by one, by all workers; an item that
// was alone in its message fails instead.
func (w *worker) withdraw(k *chunk, err error) {
	p, c := w.pool, k.call
	p.mu.Lock()
	w.skips = slices.DeleteFunc(w.skips, func(id uint64) bool { return id-k.first < uint64(k.sent) })
	at := slices.Index(w.queue, k)
	if at < 0 { // the worker was buried, or the chunk was taken back, meanwhile
		p.mu.Unlock()
		return
	}
	w.queue = slices.Delete(w.queue, at, at+1)
	w.ungive(k.count)
	if at == 0 {
		w.rest()
	}
	w.noteIdle()
	alone := k.sent == 1
	if alone {
		k.done++
	}
	c.giveBack(k)
	ended := c.finished()
	p.mu.Unlock()
	c.conclude(ended)
	if alone {
		p.settle(c, k.from, nil, nil, spawn.ArgUnsent(c.name, c.label(k.from), err))
	} else {
		go p.dispatch() // so that the worker does not wait for that
	}
}

// encode encodes the items of k into b, which has room for so many bytes in memory of the link, or 0. It cuts k when the
// message is full, before and behind an item with a passenger, and before an item that cannot be encoded: then bad is the
// index of that item, and err says why. encode gives the items behind the cut back to the call, all but the bad one.
func (w *worker) encode(b *wire.Buffer, k *chunk, room int) (bad int, err error) {
	c := k.call
	h := taskHeader{
		function: c.function, count: uint32(k.count),
		deadline: timeLeft(c.ctx), timeout: int64(c.opts.timeout), telling: k.telling, dense: k.dense > 0, apart: c.batch != nil,
	}
	full := fullChunk
	if k.telling != tellEach {
		full = max(inlineRing-4<<10, room/2)
	}
	b.Data = h.append(b.Data)
	if k.dense > 0 {
		c.encodeDense(b, k.from, k.count)
		return 0, nil
	}
	for i := range k.count {
		index := k.from + i
		start, files := beginItem(b)
		err = c.encode(b, index)
		switch {
		case err != nil:
			b.Truncate(start-itemHeaderSize, files)
			w.cut(k, i, i+1)
			bad = index
		case len(b.Files) > link.MaxFiles, b.Boarded() && i > 0:
			b.Truncate(start-itemHeaderSize, files)
			w.cut(k, i, i)
		case b.Boarded(): // alone: it cannot be taken back, and items beside it could not be sent again
			endItem(b, start, files)
			w.cut(k, 1, 1)
			k.telling, h.telling = tellEach, tellEach
		case len(b.Data) > full:
			endItem(b, start, files)
			w.cut(k, i+1, i+1)
		default:
			endItem(b, start, files)
			continue
		}
		break
	}
	h.count = uint32(k.count)
	h.append(b.Data[:0])
	return bad, err
}

// fullChunk is the size of a message from which it takes no further item.
const fullChunk = 1 << 20

// cut leaves k its first count items and gives back those from rest on, which may travel together.
func (w *worker) cut(k *chunk, count, rest int) {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	if left := k.count - rest; left > 0 {
		k.call.putBack(k.from+rest, left)
	}
	k.count = count
}
