package pool

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// AsCompleted yields each future as it ends: first those that have ended already; a future that is given twice is yielded
// once. The error is nil, except at the end of ctx: then AsCompleted yields the futures that have ended by then, and at
// last a nil future with an error that says how many are unfinished. errors.Is finds ctx's error in it. The failure of a
// call is not yielded: it is in its future, whose Wait returns at once.
//
// It is as_completed of Python's concurrent.futures, with ctx for the timeout. When the loop is left, the calls go on, and
// nothing else is left behind. A future that was yielded is kept by nothing but the slice that holds it. To wait for the
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
// too: Unwrap() []error gives them one by one. When ctx ends first, WaitAll returns the results that there are, and the
// first of the errors says how many futures are unfinished; errors.Is finds ctx's error in it. The calls go on then.
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

// WaitAny waits until one of the futures has ended, successfully or not, and returns it. When ctx ends first, the error is
// that of AsCompleted. Without any future, WaitAny returns an error.
//
// It is wait of Python's concurrent.futures with FIRST_COMPLETED.
func WaitAny[R any](ctx context.Context, futures ...*Future[R]) (*Future[R], error) {
	for f, err := range AsCompleted(ctx, futures...) {
		return f, err
	}
	return nil, errors.New("mp: WaitAny: there is no future to wait for")
}

// watch is a wait for several futures.
type watch[R any] struct {
	ended chan *Future[R]         // each future comes here once; there is room for all, so that sending never blocks
	open  map[*Future[R]]struct{} // the futures that next has not returned
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

// leave makes the open futures forget the watch.
func (w *watch[R]) leave() {
	for f := range w.open {
		f.unwatch(w.ended)
	}
}

// watch sends the future to w when it ends; at once if it has ended. w must have room for it.
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
