package pool

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// ctxWatch stops submissions when their ctx ends. Those that come one after the other with the same ctx share one.
type ctxWatch struct {
	done <-chan struct{} // of the ctx
	stop func() bool
	open int // submissions without an outcome; under pool.mu
}

func (b *batch) newWatch(ctx context.Context) *ctxWatch {
	w := &ctxWatch{done: ctx.Done()}
	w.stop = context.AfterFunc(ctx, func() { b.ctxEnded(w, spawn.CtxError(ctx)) })
	return w
}

// replace makes w the watch of the submissions to come, and returns the one before if nobody needs that. p.mu is held.
func (b *batch) replace(w *ctxWatch) (unused *ctxWatch) {
	if b.watch != nil && b.watch.open == 0 {
		unused = b.watch
	}
	b.watch = w
	return unused
}

// leave counts a submission out, and returns its watch if that was the last one. p.mu is held.
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
	for index, of := range b.indices() {
		if of == w {
			b.stop(index, reason)
		}
	}
}
