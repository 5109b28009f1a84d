package pool

import (
	"context"
	"iter"
	"os"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// IMap calls fn for every item and yields the results in the order of the items, while the work goes on. An item's error is
// yielded in its place, and the iteration continues.
//
// When ctx ends, or the pool is closed or breaks, the iteration ends early. What runs is cancelled. The last yield is a zero
// result with the reason: the error of ctx, ErrClosed or ErrBroken. Nothing is yielded for items that have no outcome by then,
// nor, by IMap, for those behind them. So a loop that goes on after an error has to look at ctx.Err() when it has ended, and
// for ErrClosed and ErrBroken: otherwise a call that was cut short looks complete. If ctx has ended before the loop begins,
// only its error is yielded, even without items, and no item is taken from the iterator, which might block.
//
// Items are taken from their iterator as the results are consumed, at most a fixed number ahead: endless iterators work. The
// iterator runs in a goroutine of its own, beside the loop, and may still run when the loop was left: what both use needs a
// lock. Leaving the loop cancels what runs and waits for it, at most KillDelay. At most one item is still taken then, the
// one that the iterator is about to give. When the iterator panics, the loop panics with the same value.
func IMap[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], items iter.Seq[A], opts ...CallOption) iter.Seq2[R, error] {
	return imap(ctx, p, fn, items, opts, true)
}

// IMapUnordered is IMap, but yields each result as soon as it is there. Like IMap, it ends early with the error of ctx, ErrClosed
// or ErrBroken, and then yields nothing for items without an outcome. Errors name the index of their item; results do not:
// where the loop has to know it, send it with the item and put it into the result.
func IMapUnordered[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], items iter.Seq[A], opts ...CallOption) iter.Seq2[R, error] {
	return imap(ctx, p, fn, items, opts, false)
}

// aheadPerWorker is how many items may be between the iterator and the consumer, for each worker.
const aheadPerWorker = 16

// stream is an IMap at work.
type stream[A, R any] struct {
	call    *call
	items   iter.Seq[A]
	ordered bool
	room    chan struct{} // a token for each item between iterator and consumer
	left    chan struct{} // closed when the consumer leaves
	drained chan struct{} // closed when no item is open and none can come
	arrived chan struct{} // signals a new result

	mu       sync.Mutex
	args     map[int]*A
	results  map[int]outcome[R]
	order    []int // unordered: the items whose results are there, as they came
	taken    int   // items taken from the iterator
	panicked any   // what the iterator panicked with
}

type outcome[R any] struct {
	value R
	err   error
	files []*os.File // of value
}

func imap[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], items iter.Seq[A], opts []CallOption, ordered bool) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var zero R
		c, err := newCall(verb(ordered), ctx, p, fn, opts)
		if err != nil {
			yield(zero, err)
			return
		}
		s := &stream[A, R]{
			call: c, items: items, ordered: ordered,
			room:    make(chan struct{}, aheadPerWorker*p.opts.Workers),
			left:    make(chan struct{}),
			drained: make(chan struct{}),
			arrived: make(chan struct{}, 1),
			args:    make(map[int]*A),
			results: make(map[int]outcome[R]),
		}
		c.encode = func(b *wire.Buffer, i int) error { return spawn.EncodeArg(fn, b, s.arg(i), i) }
		c.arg = func(i int) string { return spawn.Summary(s.arg(i)) }
		c.outcome = func(i int, data []byte, files []*os.File, err error) {
			o := outcome[R]{err: err}
			if err == nil {
				o.err = spawn.DecodeResult(fn, data, files, &o.value, i)
				o.files = files
			}
			c.progress.count(o.err)
			s.put(i, o)
		}
		c.ended = func() { close(s.drained) }
		if err := p.add(c); err != nil {
			yield(zero, s.wrap(err))
			return
		}
		c.progress.start(-1)
		go s.feed()
		defer func() {
			close(s.left)
			p.stop(c, context.Canceled)
			<-s.drained
			for _, o := range s.results { // results that the consumer does not get
				link.CloseAll(o.files)
			}
			c.progress.finish()
		}()
		s.deliver(yield)
	}
}

// feed takes items from the iterator while there is room for them.
func (s *stream[A, R]) feed() {
	returned := false
	defer func() {
		if !returned {
			s.mu.Lock()
			if s.panicked = recover(); s.panicked == nil {
				s.panicked = "mp: the iterator of the items has ended its goroutine with runtime.Goexit"
			}
			s.mu.Unlock()
		}
		s.seal()
	}()
	all := true
	for item := range s.items {
		select {
		case s.room <- struct{}{}:
		case <-s.left:
		case <-s.drained:
		}
		if s.over() {
			all = false
			break
		}
		s.offer(item)
	}
	returned = true
	if all {
		s.call.progress.sum(s.taken)
	}
}

// over reports whether no more items are wanted: the consumer has left, or the call has ended.
func (s *stream[A, R]) over() bool {
	select {
	case <-s.left:
		return true
	case <-s.drained:
		return true
	default:
		return false
	}
}

// offer adds an item to the call.
func (s *stream[A, R]) offer(item A) {
	p := s.call.pool
	s.mu.Lock()
	s.args[s.taken] = &item
	s.taken++
	s.mu.Unlock()
	p.mu.Lock()
	s.call.limit++
	p.turn.push(s.call)
	p.mu.Unlock()
	p.dispatch()
}

// seal tells the call that no more items come, and ends the call if all of them have ended.
func (s *stream[A, R]) seal() {
	p := s.call.pool
	p.mu.Lock()
	s.call.sealed = true
	ended := s.call.finished()
	p.mu.Unlock()
	s.call.conclude(ended)
}

func (s *stream[A, R]) arg(i int) *A {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.args[i]
}

// put keeps the outcome of an item for the consumer.
func (s *stream[A, R]) put(i int, o outcome[R]) {
	s.mu.Lock()
	delete(s.args, i)
	s.results[i] = o
	if !s.ordered {
		s.order = append(s.order, i)
	}
	s.mu.Unlock()
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// take takes out the next result, if it is there: that of item next or, unordered, the one that came first.
func (s *stream[A, R]) take(next int) (o outcome[R], ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ordered && len(s.order) > 0 {
		next = s.order[0]
		s.order = s.order[1:]
	}
	o, ok = s.results[next]
	delete(s.results, next)
	return o, ok
}

// deliver yields results until there are no more, or the consumer leaves.
func (s *stream[A, R]) deliver(yield func(R, error) bool) {
	for next := 0; ; next++ {
		o, ok := s.take(next)
		for ended := false; !ok; o, ok = s.take(next) {
			if ended {
				s.last(yield)
				return
			}
			select {
			case <-s.arrived:
			case <-s.drained:
				ended = true
			}
		}
		<-s.room
		if !yield(o.value, o.err) {
			return
		}
	}
}

// last ends the iteration: with what the iterator panicked with, or with what stopped the call.
func (s *stream[A, R]) last(yield func(R, error) bool) {
	s.mu.Lock()
	panicked := s.panicked
	s.mu.Unlock()
	if panicked != nil {
		panic(panicked)
	}
	if s.call.stopped != nil {
		var zero R
		yield(zero, s.wrap(s.call.stopped))
	}
}

func (s *stream[A, R]) wrap(err error) error { return s.call.wrap(verb(s.ordered), err) }

func verb(ordered bool) string {
	if ordered {
		return "IMap"
	}
	return "IMapUnordered"
}
