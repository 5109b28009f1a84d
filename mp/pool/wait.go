package pool

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// AsCompleted yields each future as it ends, those that have ended already first, and one that is given twice once. The
// error is nil but for the last one: when ctx ends, it yields the futures that have ended by then, and at last a nil future
// with an error that says how many are unfinished, in which errors.Is finds ctx's. What a call itself failed with is told
// by the future: its Wait returns at once.
//
// It is as_completed of Python's concurrent.futures, with ctx for the timeout. The calls go on when the loop is left, and
// nothing else is left behind. Nothing but the slice that it was given keeps a future that was yielded. To wait for the
// first failure (FIRST_EXCEPTION), leave the loop there.
func AsCompleted[R any](ctx context.Context, futures ...*Future[R]) iter.Seq2[*Future[R], error] {
	return func(yield func(*Future[R], error) bool) {
		w := watchAll(futures)
		defer w.leave()
		for len(w.open) > 0 {
			f, err := w.next(ctx)
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// WaitAll waits until all futures have ended, and returns their results by position. The failures are joined, by position
// too: Unwrap() []error gives them one by one. When ctx ends first, it returns what results there are, and the first of the
// errors says how many futures are unfinished; errors.Is finds ctx's in it. The calls go on then.
//
// It is wait of Python's concurrent.futures with ALL_COMPLETED.
func WaitAll[R any](ctx context.Context, futures ...*Future[R]) ([]R, error) {
	results := make([]R, len(futures))
	var failures []error
	unfinished := 0
	for i, f := range futures {
		if !f.await(ctx) {
			unfinished++
			continue
		}
		results[i] = f.result
		failures = append(failures, f.err)
	}
	if unfinished > 0 {
		failures = slices.Insert(failures, 0, unfinishedError(ctx, unfinished, len(futures)))
	}
	return results, errors.Join(failures...)
}

// WaitAny waits until one of the futures has ended, with a result or without, and returns it. When ctx ends first, the
// error is the one of AsCompleted. No futures at all are an error.
//
// It is wait of Python's concurrent.futures with FIRST_COMPLETED.
func WaitAny[R any](ctx context.Context, futures ...*Future[R]) (*Future[R], error) {
	for f, err := range AsCompleted(ctx, futures...) {
		return f, err
	}
	return nil, errors.New("mp: WaitAny: there is no future to wait for")
}

// watch is a look at several futures.
type watch[R any] struct {
	ended chan *Future[R]         // each comes here once; there is room for all, so that none has to wait
	open  map[*Future[R]]struct{} // those that next has not returned
	total int
}

func watchAll[R any](futures []*Future[R]) *watch[R] {
	w := &watch[R]{ended: make(chan *Future[R], len(futures)), open: make(map[*Future[R]]struct{}, len(futures))}
	for _, f := range futures {
		if _, twice := w.open[f]; !twice {
			w.open[f] = struct{}{}
			f.watch(w.ended)
		}
	}
	w.total = len(w.open)
	return w
}

// next waits for the next future that ends.
func (w *watch[R]) next(ctx context.Context) (*Future[R], error) {
	var f *Future[R]
	select {
	case f = <-w.ended: // also when ctx has ended
	default:
		select {
		case f = <-w.ended:
		case <-ctx.Done():
			return nil, unfinishedError(ctx, len(w.open), w.total)
		}
	}
	delete(w.open, f)
	return f, nil
}

// leave ends the look.
func (w *watch[R]) leave() {
	for f := range w.open {
		f.unwatch(w.ended)
	}
}

// watch sends the future to w when it ends, or now. w must have room for it.
func (f *Future[R]) watch(w chan<- *Future[R]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.finished() {
		w <- f
		return
	}
	f.watchers = append(f.watchers, w)
}

func (f *Future[R]) unwatch(w chan<- *Future[R]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watchers = slices.DeleteFunc(f.watchers, func(o chan<- *Future[R]) bool { return o == w })
}

func unfinishedError(ctx context.Context, unfinished, total int) error {
	return fmt.Errorf("mp: %d (of %d) futures unfinished: %w", unfinished, total, spawn.CtxError(ctx))
}
