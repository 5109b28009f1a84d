package pool

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// stalled kills the worker if it has still not begun item id. No item is blamed, not even one that the worker begins between
// this look and its end: they run in other workers.
func (w *worker) stalled(id uint64, limit time.Duration) {
	if w.still(id, false, func() { w.stalled(id, limit) }) {
		w.seat.KillFor(fmt.Errorf("%w: it did not begin an item for %v", spawn.ErrTimeout, limit))
	}
}

// mute kills the worker if it has nothing else and has still not said that it skips the items taken back from id on. No
// item is blamed.
func (w *worker) mute(id uint64, limit time.Duration) {
	w.pool.mu.Lock()
	mute, waiting := !w.gone && len(w.queue) == 0 && len(w.skips) > 0 && w.skips[0] == id, w.receiver.waiting.Load()
	w.blameless = w.blameless || mute && waiting
	if mute && !waiting {
		w.timer = time.AfterFunc(lookAgain, func() { w.mute(id, limit) })
	}
	w.pool.mu.Unlock()
	if mute && waiting {
		w.seat.KillFor(fmt.Errorf("%w: for %v it did not skip an item that was taken back", spawn.ErrTimeout, limit))
	}
}

// expire ends item id, because its time is up, if the worker is still at it.
func (w *worker) expire(id uint64, limit time.Duration) {
	if w.still(id, true, func() { w.expire(id, limit) }) {
		w.ladder(id, 1, fmt.Errorf("%w: it ran longer than %v", spawn.ErrTimeout, limit))
	}
}

// still reports whether the worker is where it was when a timer was set for item id: at work on it (running), or about to
// begin it. If no goroutine waits in Recv, a message that says otherwise may lie unread: then still returns false and sets
// w.timer to call again soon.
func (w *worker) still(id uint64, running bool, again func()) bool {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	k := w.head()
	if k == nil || k.id() != id || w.running != running {
		return false
	}
	waiting := w.receiver.waiting.Load()
	if !waiting {
		w.timer = time.AfterFunc(lookAgain, again)
	}
	w.blameless = w.blameless || waiting && !running
	return waiting
}

// execution is the pending kill of a worker, for the case that it does not end items that were cancelled.
type execution struct {
	items span
	timer *time.Timer
}

// ladder ends the items [first, first+count): their ctx is cancelled and, if one of them is still open after KillDelay, the
// worker is killed. It does not wait.
func (w *worker) ladder(first uint64, count int, reason error) {
	delay, items := max(w.pool.opts.KillDelay, 0), span{first: first, count: uint64(count)}
	if delay > 0 {
		go w.seat.Link().Urge(cancelMessage(first, count, spawn.CauseOf(reason)))
	}
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	if w.owes(items) { // it may have answered them meanwhile
		w.executions = append(w.executions, execution{items, time.AfterFunc(delay, func() { w.execute(items, reason) })})
	}
}

// owes reports whether one of the items is open. p.mu is held.
func (w *worker) owes(items span) bool {
	return slices.ContainsFunc(w.queue, func(k *chunk) bool {
		return k.id() < items.first+items.count && items.first < k.first+uint64(k.count)
	})
}

// reprieve drops the executions whose items are not open any more. p.mu is held.
func (w *worker) reprieve() {
	w.executions = slices.DeleteFunc(w.executions, func(e execution) bool {
		over := !w.owes(e.items)
		if over {
			e.timer.Stop()
		}
		return over
	})
}

// lookAgain is how soon a timer looks again at a worker whose messages may lie unread.
const lookAgain = 5 * time.Millisecond

// execute kills the worker if it has still not answered the items of the span. If its messages may lie unread, it looks
// again soon.
func (w *worker) execute(items span, reason error) {
	w.pool.mu.Lock()
	open := w.owes(items)
	switch {
	case open && !w.receiver.waiting.Load():
		time.AfterFunc(lookAgain, func() { w.execute(items, reason) })
		open = false
	case open && w.doomed == nil:
		w.doomed = &items
	}
	w.pool.mu.Unlock()
	if open {
		w.seat.KillFor(reason)
	}
}
