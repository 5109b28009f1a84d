package pool

import (
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// worker is a worker as the pool sees it. Its fields are guarded by pool.mu, with these exceptions: pool, seat, journal,
// place and before never change; receiver guards itself; useful belongs to the goroutine of Pool.keep, weighed to the
// goroutine that receives, size to the goroutine that has set sending.
type worker struct {
	pool    *Pool
	seat    seat
	journal *link.Journal // of the link; nil: none

	receiver receiver
	numbers  uint64   // the last number given to an item
	queue    []*chunk // chunks that were sent and have open items, the oldest first
	last     *chunk   // the last chunk without open items
	packing  *chunk   // the chunk that is being encoded
	skips    []uint64 // for each chunk that was taken back, or its rest: the number at which the worker will skip it
	sending  bool     // a goroutine is encoding or sending a chunk: only one at a time, so that queue and link have the same order
	size     int      // of the last chunk, encoded: the next one may be as large
	gone     bool     // its link has ended
	given    int      // items sent in its life
	answered int      // items answered in its life
	useful   bool     // the worker has done, or died of, an item

	leaving  error       // why the worker is let go, once it has answered what it was given; nil: it stays
	retiring bool        // the worker was told to end
	idle     time.Time   // since when the queue is empty; zero: it is not
	idler    *time.Timer // calls idles
	ender    *time.Timer // kills the worker if it does not end
	weighed  time.Time   // when its memory was last looked at

	up       time.Time     // when the worker was ready
	worked   time.Duration // time at items that were answered
	transfer time.Duration // how long the last chunk may take to reach the worker
	place    int           // the number of its place, from 0: a replacement has the same
	before   int           // how many workers were in this place before it

	executions []execution // for cancelled items that have not ended
	doomed     *span       // the items for which the worker is being killed
	blameless  bool        // it is being killed because it did not begin or skip an item
	running    bool        // the worker is at the first open item of the queue: it has said so or, for a row, salvage has found it
	since      time.Time
	timer      *time.Timer // calls expire, stalled or mute
	seen       uint64      // the item that the worker was at when rescue looked
}

// head is the chunk of the first open item; nil when there is none.
func (w *worker) head() *chunk {
	if len(w.queue) == 0 {
		return nil
	}
	return w.queue[0]
}

// mayGoOn reports whether the worker may say that it starts item next after the item at work. That is the next item of the
// chunk. At the end of the chunk it is none (0), or the first item of the chunk behind it. p.mu is held.
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

// begin notes that the worker has started item id, and starts the item's timeout. It is an error if id is not the first
// open item. p.mu is held.
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

// rest notes that the worker is at no item, and sets a timer against a frozen worker: it must begin the next item within
// the item's timeout or, if it has none, soon skip the items that were taken back. p.mu is held.
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

// stopTimer stops the timer of the last item, or of the wait for the next one. p.mu is held.
func (w *worker) stopTimer() {
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}

// noteIdle sets idle if the worker has nothing to do. p.mu is held.
func (w *worker) noteIdle() {
	if len(w.queue) == 0 {
		w.idle = time.Now()
	}
}

// handle takes in a message: a start, a skip or an answer. An error says that the worker does not keep to the protocol.
func (w *worker) handle(m link.Msg) error {
	p := w.pool
	if m.Kind != kindResult {
		m.CloseFiles() // there are none, if the worker keeps to the protocol
	}
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
			m.CloseFiles()
			return err
		}
		w.weigh()
		p.feed(w) // first of all, so that the worker does not wait for the pool
		if m.Kind == kindResult {
			p.settleResults(k, index, count, body, m.Files)
		} else {
			c := k.call
			p.fail(c, index, spawn.RemoteFailure(body, c.name, c.label(index), w.seat.Name(), w.seat.Pid()))
		}
		m.Release()
		return nil
	default:
		return unexpected(m)
	}
}

// heed takes in urged messages, records of the worker's log, and the end of the link. While it passes on a record, the
// timers of the item go on, however slow the log is: otherwise an item that logs without end would never be ended.
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

// task names the item that has this number, such as resize[7], if its chunk is in the queue or was answered last. Before
// the worker is ready it names Init. Otherwise it returns an empty string.
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

// position is the index, in its call, of the item that the worker is at. The item is in the chunk at the head. running is
// false when the worker is at none. p.mu is held.
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

// answer notes that the first open item, or several of them, are answered, and which item the worker has started next. It
// returns what there is to settle. An error says that the worker does not keep to the protocol.
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
		return false // collect reads only results without files, all of one row
	}
	left := uint32(k.count - k.done + k.early)
	return h.count >= 1 && h.count <= left && h.slowest < h.count && (h.count == 1 || m.Kind == kindResult && len(m.Files) == 0) &&
		(h.next == 0 || h.count == left && w.mayGoOnAfter(h.next))
}

// time notes how long items took. The pool times an item that is told by itself, the worker times rows. p.mu is held.
func (w *worker) time(k *chunk, h *answerHeader) {
	c := k.call
	took, peak := h.took, h.peak
	switch {
	case k.telling == tellEach:
		took = max(time.Since(w.since), 1) // some clocks stand still for a while
		peak = took
	case took <= 0: // the items were not run
		return
	}
	c.pace.measured(took / time.Duration(h.count))
	w.worked += took
	if peak > 0 {
		w.pool.slowest.note(SlowTask{c.name, c.label(k.index() - k.early + int(h.slowest)), w.seat.Name(), peak})
	}
}
