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

// replace makes w the watch of the submissions to come, and returns what ends the one before if nobody needs it. p.mu is held.
func (b *batch) replace(w *ctxWatch) (end func()) {
	before := b.watch
	b.watch = w
	if before == nil || before.open > 0 {
		return func() {}
	}
	return before.end
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
