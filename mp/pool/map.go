package pool

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Map calls fn for every item, in the workers, and returns the results in the order of the items. It stops at the first
// error, which it returns, and cancels the rest; with KeepGoing it goes on. When ctx ends, it returns ctx's error. In
// every case it returns when none of its items runs any more: at the latest KillDelay after the end.
//
// Items are encoded when their turn comes, so they must not be changed before Map returns.
func Map[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], items []A, opts ...CallOption) ([]R, error) {
	c, err := newCall(ctx, p, fn, opts)
	if err != nil {
		return nil, err
	}
	results := make([]R, len(items))
	var failures failures
	done := make(chan struct{})
	c.limit, c.sealed = len(items), true
	c.encode = func(b *wire.Buffer, i int) error { return spawn.EncodeArg(fn, b, &items[i], i) }
	c.outcome = func(i int, data []byte, files []*os.File, err error) {
		if err == nil {
			err = spawn.DecodeResult(fn, data, files, &results[i], i)
		}
		if err == nil {
			return
		}
		if p.isStopped(c) {
			return // it only tells of the stop once more
		}
		failures.add(i, err)
		if !c.opts.keepGoing {
			p.stop(c, err)
		}
	}
	c.ended = func() { close(done) }
	if err := p.add(c); err != nil {
		return nil, c.wrap("Map", err)
	}
	p.dispatch()
	<-done
	switch err := failures.join(); {
	case c.stopped != nil && !failures.have(c.stopped):
		return keep(c, results), c.wrap("Map", errors.Join(c.stopped, err))
	case c.stopped != nil:
		return nil, c.stopped
	default:
		return keep(c, results), err
	}
}

func keep[R any](c *call, results []R) []R {
	if c.stopped != nil && !c.opts.keepGoing {
		return nil
	}
	return results
}

// failures collects the errors of items.
type failures struct {
	mu   sync.Mutex
	list []failure
}

type failure struct {
	index int
	err   error
}

func (f *failures) add(index int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, failure{index, err})
}

// have reports whether err is one of them.
func (f *failures) have(err error) bool {
	return slices.ContainsFunc(f.list, func(f failure) bool { return f.err == err })
}

// join joins them in the order of the items; nil when there are none.
func (f *failures) join() error {
	slices.SortFunc(f.list, func(a, b failure) int { return cmp.Compare(a.index, b.index) })
	errs := make([]error, len(f.list))
	for i, one := range f.list {
		errs[i] = one.err
	}
	return errors.Join(errs...)
}
