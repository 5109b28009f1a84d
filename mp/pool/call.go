package pool

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// call is one Map, IMap or Apply, one Submit or a batch of them: items that are run by the same function. Every item that is
// given out is settled once, by Pool.settle or settleResults; none that was not, when the call was stopped.
type call struct {
	pool     *Pool
	ctx      context.Context
	function uint32
	name     string
	opts     callOptions

	single bool // there is one item, and errors do not name it

	// encode appends the argument of an item. outcome takes its encoded result or an error. Both are called without
	// locks, possibly by several goroutines at once.
	encode  func(b *wire.Buffer, index int) error
	arg     func(index int) string // a summary of the argument, for blame, of an item that has no outcome yet
	outcome func(index int, data []byte, files []*os.File, err error)
	// row, if it is not nil, is outcome for the results of count items, in a row (row.go).
	row func(index, count int, results []byte)
	// dense is how long a result is if arguments and results are numbers; then encodeDense, and row in a dense chunk, take
	// them side by side.
	dense       int
	encodeDense func(b *wire.Buffer, index, count int)
	// ended is called once, when no item is open and none can come.
	ended func()

	// Guarded by pool.mu.
	next, limit int           // items [next, limit) are there and were not given out
	sealed      bool          // limit is final
	queued      bool          // it is in pool.turn
	again       []int         // items to be given out once more, one by one
	rest        []stretch     // items that found no room in a message, or were taken back
	lost        map[int]int   // how many workers died with an item that they had not begun; it is a suspect then
	tries       map[int]tries // failed ones, of items that failed
	open        int           // given out and without an outcome
	stopped     error         // why nothing is given out any more
	over        bool          // ended was, or is about to be, called
	pace        pace
	boards      bool // items hold what one process has at a time: each travels alone, to a worker that has no other

	batch    *batch    // nil: it is no batch
	progress *progress // nil when nobody asks
	unwatch  func()    // ends the watch on ctx
}

// newCall checks what every call checks. The caller sets the functions and the items and then adds it.
func newCall[A, R any](verb string, ctx context.Context, p *Pool, fn *spawn.Func[A, R], opts []CallOption) (*call, error) {
	switch {
	case p == nil:
		return nil, fmt.Errorf("mp: %s: the pool is nil", verb)
	case fn == nil:
		return nil, fmt.Errorf("mp: %s: the function is nil", verb)
	}
	c := &call{
		pool: p, ctx: ctx, unwatch: func() {}, function: spawn.ID(fn), name: fn.Name(),
		opts: callOptions{timeout: p.opts.TaskTimeout, retries: p.opts.Retries, crashRetries: p.opts.CrashRetries},
	}
	for _, o := range opts {
		o(&c.opts)
	}
	if err := c.opts.err; err != nil {
		return nil, c.wrap(verb, err)
	}
	if c.opts.crashRetries == 0 {
		c.opts.crashRetries = c.opts.retries
	}
	c.progress = newProgress(c)
	return c, nil
}

// chunk is items one after the other of one call that travel together.
type chunk struct {
	call  *call
	from  int // index of the first item
	count int
	sent  int    // what count was when it was sent: some may have been taken back
	first uint64 // number of the first item
	done  int    // items with an outcome
	early int    // of these, the last ones, whose results we have read from the journal: the worker will tell of them yet

	telling  telling
	dense    int           // how long a result is, if they stand side by side; 0: they do not
	transfer time.Duration // what it may take to reach a worker
}

// id and index of the item that is next to get an outcome.
func (k *chunk) id() uint64 { return k.first + uint64(k.done) }
func (k *chunk) index() int { return k.from + k.done }

// idle reports that the call has nothing to give out now. p.mu is held.
func (c *call) idle() bool { return c.stopped != nil || c.waiting() == 0 }

// waiting counts the items that are there and that no worker has. p.mu is held.
func (c *call) waiting() int {
	n := c.limit - c.next + len(c.again)
	for _, s := range c.rest {
		n += s.count
	}
	return n
}

// stretch is count items one after the other, of which from is the index of the first one.
type stretch struct{ from, count int }

// cut gives out the next chunk of at most most items; nil when there is none. p.mu is held.
func (c *call) cut(most int) *chunk {
	if c.idle() {
		return nil
	}
	k := &chunk{call: c, count: 1}
	if len(c.again) > 0 {
		k.from = c.again[0]
		c.again = c.again[1:]
		c.open++
		return k
	}
	work := chunkWork
	if c.inRows() && c.batch == nil && c.pace.mean >= rowWorkFrom {
		work = rowWork
	}
	size := c.pace.chunk(c.waiting(), c.pool.opts.Workers, work)
	if own := c.opts.chunk; own > 0 { // as many of that size as would make one of ours
		size = max(own, size-size%own)
	}
	if last := len(c.rest) - 1; last >= 0 {
		s := &c.rest[last]
		k.from, k.count = s.from, min(size, s.count, most)
		if *s = (stretch{s.from + k.count, s.count - k.count}); s.count == 0 {
			c.rest = c.rest[:last]
		}
	} else {
		k.from, k.count = c.next, min(size, c.limit-c.next, most)
		c.next += k.count
	}
	c.open += k.count
	return k
}

// inRows reports whether items can be answered together, where workers have a journal.
func (c *call) inRows() bool { return c.row != nil && c.opts.timeout == 0 }

// giveBack takes back the items of k that have no outcome: for another worker or, when the call was stopped, for nobody.
// p.mu is held.
func (c *call) giveBack(k *chunk) {
	for ; k.done < k.count; k.done++ {
		c.again = append(c.again, k.index())
		c.open--
	}
	c.pool.turn.push(c)
}

// putBack takes back items that were given out and go on together. p.mu is held.
func (c *call) putBack(from, count int) {
	c.rest = append(c.rest, stretch{from, count})
	c.open -= count
	c.pool.turn.push(c)
}

// taskName names an item, such as resize[7]; without an index, the function.
func taskName(function string, index int) string {
	if index < 0 {
		return function
	}
	return fmt.Sprintf("%s[%d]", function, index)
}

// label is the index of an item as errors tell it.
func (c *call) label(index int) int {
	if c.single {
		return -1
	}
	return index
}

// mostLost is how many workers may die with the same item alone before it is held against the item that they had not said
// to have begun it: it may be that they die of receiving it.
const mostLost = 3

// loses counts a worker that died before it had begun the items of k. From now on they travel alone, so that one of them
// can be found out. p.mu is held.
func (c *call) loses(k *chunk) {
	if c.lost == nil {
		c.lost = make(map[int]int)
	}
	for i := k.done; i < k.count; i++ {
		c.lost[k.from+i]++
	}
}

// finished reports, once, that the call has ended. A batch only ends with the pool. p.mu is held.
func (c *call) finished() bool {
	if c.over || c.open > 0 || !c.idle() {
		return false
	}
	c.over = c.stopped != nil || c.sealed
	if c.over {
		c.tries, c.lost = nil, nil // of items that are not settled any more
	}
	if c.over || c.batch != nil { // which rests until the next Submit
		delete(c.pool.calls, c)
		c.pool.changed()
	}
	return c.over
}

// conclude calls ended when finished said so, without locks.
func (c *call) conclude(finished bool) {
	if finished {
		c.unwatch()
		ended := c.ended
		// A queue may hold the call for a while, but not what these hold: arguments and results.
		c.encode, c.arg, c.outcome, c.row, c.encodeDense, c.ended = nil, nil, nil, nil, nil, nil
		ended()
	}
}

// wrap says which call it was that a ctx or the pool ended.
func (c *call) wrap(verb string, err error) error { return &callError{verb, c.name, err} }

type callError struct {
	verb, name string
	err        error
}

func (e *callError) Error() string {
	return fmt.Sprintf("mp: %s(%s): %s", e.verb, e.name, spawn.Inner(e.err))
}

func (e *callError) Unwrap() error { return e.err }
