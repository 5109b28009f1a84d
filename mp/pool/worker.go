package pool

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// worker is a worker as the pool sees it. Its fields are guarded by pool.mu, but for those that never change (pool, seat, up,
// place, before), and useful and weighed, which belong to the goroutine of Pool.keep.
type worker struct {
	pool *Pool
	seat seat

	queue    []*chunk // sent and not answered to the end, the oldest first
	sending  bool     // somebody is encoding or sending a chunk: one at a time keeps queue and link in the same order
	gone     bool     // its link has ended
	given    int      // items sent in its life
	answered int      // items answered in its life
	useful   bool     // it has done, or died of, an item

	leaving  error       // why it is to be let go when it is done with what it has
	retiring bool        // it was told to go
	idle     time.Time   // since when it has nothing; zero: it has something
	idler    *time.Timer // lets it go when it has been idle for long
	ender    *time.Timer // kills it when it does not go
	weighed  time.Time   // when its memory was last looked at

	up      time.Time     // when it was ready
	working time.Duration // at items that it has answered
	place   int           // which of the pool's workers it is, from 0
	before  int           // how many workers were in this place before it

	hearing bool  // somebody waits for what it sends; otherwise it may have answered already
	doomed  *span // the items for which it is being killed
	running bool  // it has said that it is at work on the first open item of the queue
	since   time.Time
	timer   *time.Timer // ends that item
}

// head is the chunk that the worker is at; nil when it has none.
func (w *worker) head() *chunk {
	if len(w.queue) == 0 {
		return nil
	}
	return w.queue[0]
}

// mayGoOn reports whether next can be what the worker does after the item at work: the next item of its chunk, or else
// the first one of the chunk behind it, if that has reached it already. p.mu is held.
func (w *worker) mayGoOn(next uint64) bool {
	k := w.head()
	if k.done+1 < k.count {
		return next == k.id()+1
	}
	return next == 0 || len(w.queue) > 1 && next == w.queue[1].id()
}

// begin notes that the worker has started the first open item. p.mu is held.
func (w *worker) begin(id uint64) error {
	k := w.head()
	if k == nil || k.id() != id || w.running {
		return fmt.Errorf("%w: it started item number %d, which it was not to", errProtocol, id)
	}
	w.rest()
	w.running, w.since = true, time.Now()
	w.pool.failures = 0
	if limit := k.call.opts.timeout; limit > 0 {
		w.timer = time.AfterFunc(limit, func() { w.expire(id, limit) })
	}
	return nil
}

// rest notes that the worker is at no item. If it has one to begin, it must do so within the time that the item has got:
// a worker that is frozen does not. p.mu is held.
func (w *worker) rest() {
	w.running = false
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
	if k := w.head(); k != nil && k.call.opts.timeout > 0 && !w.gone {
		id, limit := k.id(), k.call.opts.timeout+k.transfer
		w.timer = time.AfterFunc(limit, func() { w.stalled(id, limit) })
	}
}

// receive takes in what the worker sends, until its link ends, or what it sends makes no sense.
func (w *worker) receive() error {
	for {
		w.hear(true)
		m, err := w.seat.Link().Recv()
		w.hear(false)
		if err != nil {
			return err
		}
		if err := w.handle(m); err != nil {
			return err
		}
	}
}

func (w *worker) hear(hearing bool) {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	w.hearing = hearing
}

func (w *worker) handle(m link.Msg) error {
	p := w.pool
	switch m.Kind {
	case kindStarted:
		p.mu.Lock()
		defer p.mu.Unlock()
		return w.begin(m.ID)
	case kindResult, kindFailure:
		c, index, body, err := w.answer(m)
		if err != nil {
			return err
		}
		w.weigh()
		p.feed(w) // first of all, so that the worker does not wait for us
		if m.Kind == kindResult {
			p.settle(c, index, body, m.Files, nil)
		} else {
			m.CloseFiles()
			p.fail(c, index, spawn.RemoteFailure(body, c.name, c.label(index), w.seat.Name(), w.seat.Pid()))
		}
		m.Release()
		return nil
	case spawn.KindRecord:
		task := w.task()
		w.hear(true) // to be slow with the log takes the item's own time, or one that logs without end would never end
		w.seat.Relay(m, task)
		return nil
	default:
		return unexpected(m)
	}
}

// task names the item at work, such as resize[7]; empty when there is none.
func (w *worker) task() string {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	return w.atWork()
}

// atWork is task when p.mu is held.
func (w *worker) atWork() string {
	k := w.head()
	if k == nil || !w.running {
		return ""
	}
	return taskName(k.call.name, k.call.label(k.index()))
}

// answer notes the answer to the first open item, and which one the worker has started next.
func (w *worker) answer(m link.Msg) (c *call, index int, body []byte, err error) {
	p := w.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	next, body, err := parseAnswer(m.Body)
	k := w.head()
	if err != nil || k == nil || k.id() != m.ID || !w.running || !w.mayGoOn(next) {
		return nil, 0, nil, fmt.Errorf("%w: it answered item number %d, which it was not at, or goes on elsewhere", errProtocol, m.ID)
	}
	c, index = k.call, k.index()
	took := time.Since(w.since)
	c.pace.measured(took)
	w.working += took
	p.slowest.note(SlowTask{c.name, c.label(index), w.seat.Name(), took})
	w.answered++
	if k.done++; k.done == k.count {
		w.queue = w.queue[1:]
	}
	w.rest()
	if next != 0 {
		err = w.begin(next)
	}
	if len(w.queue) == 0 {
		w.idle = time.Now()
	}
	w.retire()
	return c, index, body, err
}

// deliver encodes a chunk and sends it; w.sending is set. It reports whether more may be sent from here.
func (w *worker) deliver(k *chunk) (more bool) {
	p, c := w.pool, k.call
	b := buffers.Get().(*wire.Buffer)
	bad, err := w.encode(b, k)
	if err != nil {
		p.settle(c, bad, nil, nil, err)
	}
	p.mu.Lock()
	if k.count == 0 || w.gone || c.stopped != nil {
		c.giveBack(k)
		w.sending = false
		w.retire()
		ended, gone := c.finished(), w.gone
		p.mu.Unlock()
		reuse(b)
		c.conclude(ended)
		if gone { // its burial did not see this chunk
			p.dispatch()
		}
		return true
	}
	k.transfer = time.Second + time.Duration(len(b.Data))*slowest
	k.first = p.numbers + 1
	p.numbers += uint64(k.count)
	w.queue = append(w.queue, k)
	w.idle = time.Time{}
	w.given += k.count
	if len(w.queue) == 1 {
		w.rest()
	}
	p.mu.Unlock()

	m := link.Msg{Kind: kindTask, ID: k.first, Body: b.Data, Files: b.Files}
	if len(b.Data) <= inlineSize && len(b.Files) == 0 {
		w.transmit(k, m, b)
		return true
	}
	go func() { // it may block until the worker has read it
		w.transmit(k, m, b)
		p.feed(w)
	}()
	return false
}

// slowest is the time that a byte may take to a worker, generously: 20 MB/s.
const slowest = 50 * time.Nanosecond

// inlineSize is what fits the buffer of a socket besides the rest of a worker's window.
const inlineSize = 32 << 10

// transmit sends a chunk. When the link breaks, the worker is dying, and its burial takes the chunk back.
func (w *worker) transmit(k *chunk, m link.Msg, b *wire.Buffer) {
	err := w.seat.Link().Send(m)
	reuse(b)
	if errors.Is(err, link.ErrNotSent) {
		w.withdraw(k, err)
	}
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	w.sending = false
	w.retire()
}

// withdraw takes a chunk back that could not be sent: its items are tried one by one, and one that cannot be sent alone
// fails.
func (w *worker) withdraw(k *chunk, err error) {
	p, c := w.pool, k.call
	p.mu.Lock()
	at := slices.Index(w.queue, k)
	if at < 0 { // the worker was buried meanwhile
		p.mu.Unlock()
		return
	}
	w.queue = slices.Delete(w.queue, at, at+1)
	w.given -= k.count
	if at == 0 {
		w.rest()
	}
	if len(w.queue) == 0 {
		w.idle = time.Now()
	}
	alone := k.count == 1
	if alone {
		k.done++
	}
	c.giveBack(k)
	ended := c.finished()
	p.mu.Unlock()
	c.conclude(ended)
	if alone {
		p.settle(c, k.from, nil, nil, spawn.ArgUnsent(c.name, c.label(k.from), err))
	}
}

// encode encodes the items of k. It cuts k where a message is full, and before an item that cannot be encoded; what lies
// behind is given back.
func (w *worker) encode(b *wire.Buffer, k *chunk) (bad int, err error) {
	c := k.call
	h := taskHeader{
		function: c.function, count: uint32(k.count),
		deadline: timeLeft(c.ctx), timeout: int64(c.opts.timeout),
	}
	b.Data = h.append(b.Data)
	for i := range k.count {
		index := k.from + i
		start, files := len(b.Data), len(b.Files)
		err = appendItem(b, func(b *wire.Buffer) error { return c.encode(b, index) })
		switch {
		case err != nil:
			w.cut(k, i, i+1)
			bad = index
		case len(b.Files) > link.MaxFiles:
			b.Data, b.Files = b.Data[:start], b.Files[:files]
			w.cut(k, i, i)
		case len(b.Data) > fullChunk:
			w.cut(k, i+1, i+1)
		default:
			continue
		}
		break
	}
	h.count = uint32(k.count)
	h.append(b.Data[:0])
	return bad, err
}

// fullChunk is the size from which a message takes no further item.
const fullChunk = 1 << 20

// cut leaves k its first count items and gives those from rest on back.
func (w *worker) cut(k *chunk, count, rest int) {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	k.call.giveBack(&chunk{call: k.call, from: k.from + rest, count: k.count - rest})
	k.count = count
}
