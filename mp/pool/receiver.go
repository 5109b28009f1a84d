package pool

import (
	"sync"
	"sync/atomic"
)

// ears are who receives from a worker. One goroutine at a time does: the worker's keeper, or the one that waits for an item
// alone (Apply), which then need not be woken by another one. While a worker has nothing to do, nobody receives: of its
// death Heed tells.
type ears struct {
	role   sync.Mutex    // held by the one that receives
	err    error         // why there is nothing to be heard any more; under role
	summon chan struct{} // wakes the keeper; has room for one
	ended  atomic.Bool   // the link has ended
	open   atomic.Bool   // somebody waits for what the worker sends; otherwise it may have answered already
}

// call has the keeper receive as long as the worker has something to do.
func (e *ears) call() {
	select {
	case e.summon <- struct{}{}:
	default:
	}
}

// end tells the keeper that the link has ended.
func (e *ears) end() {
	e.ended.Store(true)
	e.call()
}

// receive takes in what the worker sends, whenever it has something to do and nobody else does that, until its link ends,
// or what it sends makes no sense.
func (w *worker) receive() error {
	for range w.ears.summon {
		if err := w.listen(w.busy); err != nil {
			return err
		}
	}
	return nil
}

// busy reports whether something is to be heard from the worker.
func (w *worker) busy() bool {
	if w.ears.ended.Load() {
		return true
	}
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	return len(w.queue) > 0
}

// listen receives while on says so.
func (w *worker) listen(on func() bool) error {
	w.ears.role.Lock()
	defer w.ears.role.Unlock()
	for w.ears.err == nil && on() {
		w.ears.err = w.hear()
	}
	return w.ears.err
}

// hear takes in one message. ears.role is held.
func (w *worker) hear() error {
	w.ears.open.Store(true)
	m, err := w.seat.Link().Recv()
	w.ears.open.Store(false)
	if err != nil {
		return err
	}
	return w.handle(m)
}

// attend receives for as long as the worker has an item of the call, if nobody else does; then the keeper goes on.
func (w *worker) attend(c *call) {
	defer func() {
		if w.busy() {
			w.ears.call()
		}
	}()
	if !w.ears.role.TryLock() {
		return
	}
	defer w.ears.role.Unlock()
	for w.ears.err == nil && w.has(c) {
		w.ears.err = w.hear()
	}
	if w.ears.err != nil {
		w.ears.call()
	}
}

// has reports whether the worker has an item of the call.
func (w *worker) has(c *call) bool {
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	for _, k := range w.queue {
		if k.call == c {
			return true
		}
	}
	return false
}
