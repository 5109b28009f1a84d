package pool

import (
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// worker is a worker as the pool sees it. Its fields are guarded by pool.mu, but for those that never change (pool, seat,
// journal, place, before) or guard themselves (receiver), useful, which belongs to the goroutine of Pool.keep, and weighed, which
// belongs to the one that receives.
type worker struct {
	pool    *Pool
	seat    seat
	journal *link.Journal // of the link; nil: none

	receiver receiver
	numbers  uint64   // given to items
	queue    []*chunk // sent and not answered to the end, the oldest first
	last     *chunk   // the one that it has answered to the end last
	packing  *chunk   // that is being encoded
	skips    []uint64 // where the worker will say that it skips what we have taken back
	sending  bool     // somebody is encoding or sending a chunk: one at a time keeps queue and link in the same order
	size     int      // of the last chunk, encoded: the next one may be as large. It is that somebody's
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

	up       time.Time     // when it was ready
	worked   time.Duration // at items that it has answered
	transfer time.Duration // what the last chunk may take to reach it
	place    int           // which of the pool's workers it is, from 0
	before   int           // how many workers were in this place before it

	executions []execution // of those that were cancelled and have not ended
	doomed     *span       // the items for which it is being killed
	running    bool        // it is at work on the first open item of the queue: it has said so or, of a row, salvage has found it
	since      time.Time
	timer      *time.Timer // ends that item
	seen       uint64      // the item that it was at when rescue looked
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
	if k := w.head(); k.done+1 < k.count {
		return next == k.id()+1
	}
	return next == 0 || w.mayGoOnAfter(next)
}

// mayGoOnAfter reports whether next is the first item of the chunk behind the one at work. p.mu is held.
func (w *worker) mayGoOnAfter(next uint64) bool {
	return len(w.queue) > 1 && w.queue[1].telling == tellEach && next == w.queue[1].id()
}

// begin notes that the worker has started the first open item. p.mu is held.
func (w *worker) begin(id uint64) error {
	k := w.head()
	if k == nil || k.id() != id || w.running {
		return fmt.Errorf("%w: it started item number %d, which it was not to", errProtocol, id)
	}
	w.stopTimer()
	w.running, w.since = true, time.Now()
	w.pool.failures = 0
	if limit := k.call.opts.timeout; limit > 0 {
		w.timer = time.AfterFunc(limit, func() { w.expire(id, limit) })
	}
	return nil
}

// rest notes that the worker is at no item. If it has one to begin, it must do so within the time that the item has got, and what was
// taken back from it it must skip soon when it has nothing else: a worker that is frozen does not. p.mu is held.
func (w *worker) rest() {
	w.running = false
	w.stopTimer()
	w.reprieve()
	switch k := w.head(); {
	case w.gone:
	case k != nil && k.call.opts.timeout > 0:
		id, limit := k.id(), spawn.Sum(k.call.opts.timeout, k.transfer)
		w.timer = time.AfterFunc(limit, func() { w.stalled(id, limit) })
	case k == nil && len(w.skips) > 0:
		id, limit := w.skips[0], spawn.Sum(max(w.pool.opts.KillDelay, 0), w.transfer)
		w.timer = time.AfterFunc(limit, func() { w.mute(id, limit) })
	}
}

// stopTimer stops what was to end the last item, or the wait for this one. p.mu is held.
func (w *worker) stopTimer() {
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}

// noteIdle notes that the worker has nothing to do, if that is so. p.mu is held.
func (w *worker) noteIdle() {
	if len(w.queue) == 0 {
		w.idle = time.Now()
	}
}

// handle takes in a message: a start, a skip or an answer. An error says that the worker does not keep to the protocol.
func (w *worker) handle(m link.Msg) error {
	p := w.pool
	switch m.Kind {
	case kindStarted:
		p.mu.Lock()
		defer p.mu.Unlock()
		return w.begin(m.ID)
	case kindSkipped:
		m.Release()
		return w.skipped(m.ID)
	case kindResult, kindFailure:
		k, index, count, body, err := w.answer(m)
		if err != nil {
			return err
		}
		w.weigh()
		p.feed(w) // first of all, so that the worker does not wait for us
		if m.Kind == kindResult {
			p.settleResults(k, index, count, body, m.Files)
		} else {
			m.CloseFiles()
			c := k.call
			p.fail(c, index, spawn.RemoteFailure(body, c.name, c.label(index), w.seat.Name(), w.seat.Pid()))
		}
		m.Release()
		return nil
	default:
		return unexpected(m)
	}
}

// heed takes in what the worker does not wait with: records of its log. To be slow with them takes the item's own time, or one
// that logs without end would never end.
func (w *worker) heed(m link.Msg, end error) {
	switch {
	case end != nil:
		w.receiver.end()
	case m.Kind == spawn.KindRecord:
		w.seat.Relay(m, w.task(m.ID))
	default:
		w.seat.KillFor(unexpected(m))
	}
}

// task names the item that has this number, if the worker is at it or has been just now, such as resize[7]; Init before the
// worker was ready, and nothing otherwise.
func (w *worker) task(id uint64) string {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	if w.up.IsZero() {
		return w.pool.opts.Init.Name()
	}
	for _, k := range append(w.queue[:len(w.queue):len(w.queue)], w.last) {
		if k != nil && id-k.first < uint64(k.count) {
			return taskName(k.call.name, k.call.label(k.from+int(id-k.first)))
		}
	}
	return ""
}

// position is the index of the item that the worker is at, in the chunk at the head; running is false when it is at none.
// p.mu is held.
func (w *worker) position() (index int, running bool) {
	k := w.head()
	switch {
	case k == nil:
		return 0, false
	case k.telling == tellEach:
		return k.index(), w.running
	}
	at, working := w.journal.At(k.id())
	ahead := at - k.id()
	if !working || ahead >= uint64(k.count-k.done) {
		return 0, false
	}
	return k.index() + int(ahead), true
}

// atWork names the item at work, such as resize[7]; empty when there is none. p.mu is held.
func (w *worker) atWork() string {
	index, running := w.position()
	if !running {
		return ""
	}
	c := w.head().call
	return taskName(c.name, c.label(index))
}

// answer notes the answer to the first open item, or to several of them, and which one the worker has started next.
func (w *worker) answer(m link.Msg) (k *chunk, index, count int, body []byte, err error) {
	p := w.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	h, body, err := parseAnswer(m.Body)
	k = w.head()
	if err != nil || k == nil || k.id()-uint64(k.early) != m.ID || !w.mayAnswer(&h, m, len(body)) {
		return nil, 0, 0, nil, fmt.Errorf("%w: it answered item number %d, which it was not at, or goes on elsewhere", errProtocol, m.ID)
	}
	w.time(k, &h)
	if body, err = k.dropEarly(&h, body); err != nil {
		return nil, 0, 0, nil, err
	}
	index, count = k.index(), int(h.count)
	w.answered += count
	p.failures = 0
	if k.done += count; k.done == k.count {
		w.last, w.queue = k, w.queue[1:]
	}
	w.rest()
	if h.next != 0 {
		err = w.begin(h.next)
	}
	w.noteIdle()
	w.retire()
	return k, index, count, body, err
}

// mayAnswer reports whether this can be the answer to items of the chunk at the head. p.mu is held.
func (w *worker) mayAnswer(h *answerHeader, m link.Msg, size int) bool {
	k := w.head()
	if k.telling == tellEach {
		return h.count == 1 && w.running && w.mayGoOn(h.next)
	}
	if k.dense > 0 && m.Kind == kindResult && size != int(h.count)*k.dense {
		return false
	}
	if k.early > 0 && (m.Kind != kindResult || len(m.Files) > 0 || int64(h.count) < int64(k.early)) {
		return false // what we have read were results without files, and all of one row
	}
	left := uint32(k.count - k.done + k.early)
	return h.count >= 1 && h.count <= left && h.slowest < h.count && (h.count == 1 || m.Kind == kindResult && len(m.Files) == 0) &&
		(h.next == 0 || h.count == left && w.mayGoOnAfter(h.next))
}

// time notes how long items took: one by one as we have seen it, in a row as the worker has. p.mu is held.
func (w *worker) time(k *chunk, h *answerHeader) {
	c := k.call
	took, peak := h.took, h.peak
	switch {
	case k.telling == tellEach:
		took = max(time.Since(w.since), 1) // some clocks stand still for a while
		peak = took
	case took <= 0: // it was not run
		return
	}
	c.pace.measured(took / time.Duration(h.count))
	w.worked += took
	if peak > 0 {
		w.pool.slowest.note(SlowTask{c.name, c.label(k.index() - k.early + int(h.slowest)), w.seat.Name(), peak})
	}
}
