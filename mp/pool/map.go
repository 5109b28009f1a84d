package pool

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Map calls fn for every item, in the workers, and returns the results in the order of the items. It stops at the first
// error, which it returns, and cancels the rest; with KeepGoing it goes on. When ctx ends, it returns ctx's error. In every
// case it returns once none of its items runs any more: at the latest KillDelay after it was stopped.
//
// With KeepGoing, the failures are joined: Unwrap() []error gives them one by one, and each names its item. An item without
// a failure has a result, unless ctx or the pool ended first: then it may not have run.
//
// Items are encoded when their turn comes, so they must not be changed before Map returns.
func Map[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], items []A, opts ...CallOption) ([]R, error) {
	c, err := newCall("Map", ctx, p, fn, opts)
	if err != nil {
		return nil, err
	}
	results := make([]R, len(items))
	var failures failures
	var received fileList
	done := make(chan struct{})
	c.limit, c.sealed = len(items), true
	c.encode = func(b *wire.Buffer, i int) error { return spawn.EncodeArg(fn, b, &items[i], i) }
	c.arg = func(i int) string { return spawn.Summary(&items[i]) }
	c.outcome = func(i int, data []byte, files []*os.File, err error) {
		if p.isStopped(c) && !c.opts.keepGoing {
			link.CloseAll(files) // Map will return no results
			return
		}
		if err == nil {
			err = spawn.DecodeResult(fn, data, files, &results[i], i)
		}
		c.progress.count(err)
		if err == nil {
			received.add(files)
			return
		}
		if p.isStopped(c) {
			return // the error only follows from the stop
		}
		failures.add(i, err)
		if !c.opts.keepGoing {
			p.stop(c, err)
		}
	}
	if _, size, ok := spawn.DenseSizes(c.function); ok && c.progress == nil {
		c.dense = size
		c.encodeDense = func(b *wire.Buffer, from, count int) { spawn.EncodeDense(fn, b, items[from:from+count]) }
		c.row = func(from, count int, data []byte) { spawn.DecodeDense(fn, data, results[from:from+count]) }
	} else if c.progress == nil {
		c.row = func(from, count int, data []byte) {
			if p.isStopped(c) && !c.opts.keepGoing {
				return
			}
			for i := from; i < from+count; i++ {
				result, _, rest, _, err := cutItem(data, nil)
				data = rest
				if err == nil {
					err = spawn.DecodeResult(fn, result, nil, &results[i], i)
				}
				if err != nil {
					c.outcome(i, nil, nil, err)
				}
			}
		}
	}
	c.ended = func() { close(done) }
	if err := p.add(c); err != nil {
		return nil, c.wrap("Map", err)
	}
	c.progress.start(len(items))
	p.dispatch()
	<-done
	keep := false
	defer func() {
		if !keep {
			received.closeAll() // Map returns no results
		}
	}()
	c.progress.finish() // it may panic
	keep = c.stopped == nil || c.opts.keepGoing
	switch err := failures.join(); {
	case !keep && failures.have(c.stopped):
		return nil, c.stopped
	case !keep:
		return nil, c.wrap("Map", c.stopped)
	case c.stopped != nil:
		return results, c.wrap("Map", errors.Join(c.stopped, err))
	default:
		return results, err
	}
}

// fileList collects the files of results, to close them if Map returns none of the results.
type fileList struct {
	mu   sync.Mutex
	list []*os.File
}

func (l *fileList) add(files []*os.File) {
	if len(files) > 0 {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.list = append(l.list, files...)
	}
}

func (l *fileList) closeAll() { link.CloseAll(l.list) }

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

// have reports whether err is in the list.
func (f *failures) have(err error) bool {
	return slices.ContainsFunc(f.list, func(f failure) bool { return f.err == err })
}

// join joins the errors in the order of the items; nil when there are none.
func (f *failures) join() error {
	slices.SortFunc(f.list, func(a, b failure) int { return cmp.Compare(a.index, b.index) })
	errs := make([]error, len(f.list))
	for i, one := range f.list {
		errs[i] = one.err
	}
	return errors.Join(errs...)
}
