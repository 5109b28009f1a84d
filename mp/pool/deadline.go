package pool

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// stalled kills the worker if it has still not begun the item; nobody is to blame for that, and it runs elsewhere.
func (w *worker) stalled(id uint64, limit time.Duration) {
	if w.still(id, false, func() { w.stalled(id, limit) }) {
		w.seat.KillFor(fmt.Errorf("%w: it did not begin an item for %v", spawn.ErrTimeout, limit))
	}
}

// mute kills the worker if it has nothing else and has still not said that it skips what was taken back from this item on; nobody is
// to blame for that.
func (w *worker) mute(id uint64, limit time.Duration) {
	w.pool.mu.Lock()
	mute, waiting := !w.gone && len(w.queue) == 0 && len(w.skips) > 0 && w.skips[0] == id, w.receiver.waiting.Load()
	if mute && !waiting {
		w.timer = time.AfterFunc(lookAgain, func() { w.mute(id, limit) })
	}
	w.pool.mu.Unlock()
	if mute && waiting {
		w.seat.KillFor(fmt.Errorf("%w: for %v it did not skip an item that was taken back", spawn.ErrTimeout, limit))
	}
}

// expire ends the item at work, if it is still this one, because its time is up.
func (w *worker) expire(id uint64, limit time.Duration) {
	if w.still(id, true, func() { w.expire(id, limit) }) {
		w.ladder(id, 1, fmt.Errorf("%w: it ran longer than %v", spawn.ErrTimeout, limit))
	}
}

// still reports whether the worker is where it was when a timer was set for the item: at work on it, or not even that.
// While nobody waits for the worker, because we encode or decode, it may have said otherwise: then again is called soon.
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
	return waiting
}

// execution is what will kill a worker that does not end items which were cancelled.
type execution struct {
	items span
	timer *time.Timer
}

// ladder ends the items [first, first+count): their ctx is cancelled, and after KillDelay, if one of them is still
// open, the worker is killed. It does not wait.
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

// reprieve stops what was to kill the worker for items that are not open any more. p.mu is held.
func (w *worker) reprieve() {
	w.executions = slices.DeleteFunc(w.executions, func(e execution) bool {
		over := !w.owes(e.items)
		if over {
			e.timer.Stop()
		}
		return over
	})
}

// lookAgain is how soon to look again at a worker whose answers wait for us.
const lookAgain = 5 * time.Millisecond

// execute kills the worker if it has still not answered the items of the span.
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
