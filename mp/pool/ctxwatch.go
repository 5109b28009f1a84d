package pool

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// ctxWatch stops submissions when their ctx ends. Successive submissions with the same ctx share one. Its fields are
// guarded by pool.mu, except done and stop, which do not change.
type ctxWatch struct {
	done  <-chan struct{} // Done of the ctx
	stop  func() bool
	open  int   // how many submissions that rely on the watch have no outcome
	first int   // index of the first submission; -1: there is none yet
	last  int   // index of the last submission; some in between may have another watch
	ended error // how the ctx has ended; then no other submission may rely on the watch
}

func (b *batch) newWatch(ctx context.Context, done <-chan struct{}) *ctxWatch {
	w := &ctxWatch{done: done, first: -1}
	w.stop = context.AfterFunc(ctx, func() { b.ctxEnded(w, spawn.CtxError(ctx)) })
	return w
}

// covers extends the range of the watch to a submission; w may be nil. p.mu is held.
func (w *ctxWatch) covers(index int) {
	if w == nil {
		return
	}
	if w.first < 0 {
		w.first = index
	}
	w.last = index
}

// leave takes a submission off the count of its watch, and returns the watch if that was the last one. The caller then ends
// it, without the lock. p.mu is held.
func (b *batch) leave(w *ctxWatch) (unused *ctxWatch) {
	if w == nil {
		return nil
	}
	if w.open--; w.open > 0 {
		return nil
	}
	if b.watch == w {
		b.watch = nil
	}
	return w
}

// end ends the watch; it may be nil.
func (w *ctxWatch) end() {
	if w != nil {
		w.stop()
	}
}

func (b *batch) ctxEnded(w *ctxWatch, reason error) {
	for _, index := range b.watched(w, reason) {
		b.stop(index, reason)
	}
}

// watched notes how the ctx of a watch has ended, and returns the indices of the submissions that rely on the watch.
func (b *batch) watched(w *ctxWatch, reason error) (indices []int) {
	p := b.call.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	w.ended = reason
	for from := max(w.first, 0) / blockSize * blockSize; w.open > 0 && from <= w.last; from += blockSize {
		if k := b.blocks[from/blockSize]; k != nil {
			for i := range k.items {
				if k.items[i].watch == w {
					indices = append(indices, from+i)
				}
			}
		}
	}
	return indices
}
