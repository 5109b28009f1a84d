package pool

import (
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// receiver lets one goroutine at a time receive from a worker: the keeper of its place (Pool.keep), or a caller of Apply
// that waits for its only item, so that the keeper need not be woken. While a worker has nothing to do, no goroutine
// receives: then Heed tells of the end of its link.
type receiver struct {
	mu      sync.Mutex    // held by the goroutine that receives
	err     error         // why nothing can be received any more; under mu
	summons chan struct{} // wakes the keeper; has room for one
	ended   atomic.Bool   // the link has ended
	waiting atomic.Bool   // a goroutine waits in Recv; otherwise an answer may lie unread
}

// summon wakes the keeper to receive for as long as the worker has something to do. It does not wait.
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

// receive is the loop of the keeper: when it is summoned, it receives until the worker has nothing to do. It returns when
// the link has ended, or the worker does not keep to the protocol.
func (w *worker) receive() error {
	for range w.receiver.summons {
		if err := w.receiveWhileBusy(); err != nil {
			return err
		}
	}
	return nil
}

// busy reports whether something must come from the worker: an answer, a skip, or the end of its link.
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

// receiveFor receives for as long as the worker has an item of the call, unless another goroutine receives already. Then
// the keeper goes on, if the worker is still busy.
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
