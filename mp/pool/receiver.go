package pool

import (
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// receiver is the role of the one goroutine that receives from a worker: the keeper of its place, or whoever waits for an item
// alone (Apply), which the keeper then need not wake. While a worker has nothing to do, nobody receives: of its death
// Heed tells.
type receiver struct {
	mu      sync.Mutex    // held by the one that receives
	err     error         // why nothing can be received any more; under mu
	summons chan struct{} // wakes the keeper; has room for one
	ended   atomic.Bool   // the link has ended
	waiting atomic.Bool   // somebody waits for what the worker sends; otherwise it may have answered already
}

// summon has the keeper receive as long as the worker has something to do.
func (r *receiver) summon() {
	select {
	case r.summons <- struct{}{}:
	default:
	}
}

// end tells the keeper that the link has ended.
func (r *receiver) end() {
	r.ended.Store(true)
	r.summon()
}

// receive takes in what the worker sends, whenever it has something to do and nobody else does that, until its link ends,
// or what it sends makes no sense. It is the keeper's.
func (w *worker) receive() error {
	for range w.receiver.summons {
		if err := w.receiveWhileBusy(); err != nil {
			return err
		}
	}
	return nil
}

// busy reports whether something is to come from the worker: an answer, or the end of its link.
func (w *worker) busy() bool {
	if w.receiver.ended.Load() {
		return true
	}
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	return len(w.queue) > 0 || len(w.skips) > 0
}

// receiveWhileBusy receives until the worker has nothing to do, or nothing can be received any more.
func (w *worker) receiveWhileBusy() error {
	w.receiver.mu.Lock()
	defer w.receiver.mu.Unlock()
	for w.receiver.err == nil && w.busy() {
		w.receiver.err = w.handleNext()
	}
	return w.receiver.err
}

// handleNext waits for a message and handles it. receiver.mu is held.
func (w *worker) handleNext() error {
	w.receiver.waiting.Store(true)
	m, err := w.seat.Link().Recv()
	w.receiver.waiting.Store(false)
	if err != nil {
		return err
	}
	if m.Lost {
		return link.ErrFilesLost
	}
	return w.handle(m)
}

// receiveFor receives for as long as the worker has an item of the call, if nobody else does; then the keeper goes on.
func (w *worker) receiveFor(c *call) {
	defer func() {
		if w.busy() {
			w.receiver.summon()
		}
	}()
	if !w.receiver.mu.TryLock() {
		return
	}
	defer w.receiver.mu.Unlock()
	for w.receiver.err == nil && w.has(c) {
		w.receiver.err = w.handleNext()
	}
	if w.receiver.err != nil {
		w.receiver.summon()
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
