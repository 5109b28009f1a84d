package pool

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// call is one Map, IMap or Apply, one Submit or a batch of them: items that are run by the same function. Every item that
// is given out is settled once, by Pool.settle or settleResults. When the call was stopped, items that were not given out
// are not settled.
type call struct {
	pool     *Pool
	ctx      context.Context
	function uint32
	name     string
	opts     callOptions

	single bool // there is one item, and errors do not name it

	// encode appends the argument of an item. outcome takes its encoded result or an error. Both are called without locks,
	// and may be called by several goroutines at once.
	encode  func(b *wire.Buffer, index int) error
	arg     func(index int) string // a summary of the argument, for blame; the item has no outcome yet
	outcome func(index int, data []byte, files []*os.File, err error)
	// row, if it is not nil, takes the results of count items in a row (row.go), instead of outcome.
	row func(index, count int, results []byte)
	// dense is the size of a result if arguments and results are numbers. In a dense chunk they lie side by side:
	// encodeDense writes the arguments, and row reads the results.
	dense       int
	encodeDense func(b *wire.Buffer, index, count int)
	// ended is called once, when no item is open and no more can come.
	ended func()

	// Guarded by pool.mu.
	next, limit int           // items [next, limit) can be given out
	sealed      bool          // limit is final
	queued      bool          // the call is in pool.turn
	again       []int         // items to be given out once more, one by one
	rest        []stretch     // items that found no room in a message, or were taken back; they may travel together
	lost        map[int]int   // for each suspect, how many workers died with it before they had begun it
	tries       map[int]tries // the failed attempts, of items that failed
	open        int           // how many items were given out and have no outcome
	stopped     error         // why no item is given out any more
	over        bool          // ended was, or is about to be, called
	pace        pace
	boards      bool // items hold objects that one process has at a time: each travels alone, to a worker that has no other item

	batch    *batch    // nil: the call is no batch
	progress *progress // nil without OnProgress
	unwatch  func()    // ends the watch on ctx
}

// newCall makes a call and checks what all calls have in common. The caller sets the functions and the items and then adds
// it.
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

// chunk is successive items of one call that travel together.
type chunk struct {
	call  *call
	from  int // index of the first item
	count int
	sent  int    // count when the chunk was sent: items may have been taken back since then
	first uint64 // number of the first item (protocol.go)
	done  int    // items with an outcome
	early int    // how many of these, the last ones, collect has read from the journal: the worker has still to send them

	telling  telling
	dense    int           // size of a result, if results lie side by side; 0: they do not
	transfer time.Duration // how long it may take to reach a worker
}

// id and index are those of the first open item, the next to get an outcome.
func (k *chunk) id() uint64 { return k.first + uint64(k.done) }
func (k *chunk) index() int { return k.from + k.done }

// idle reports that the call has nothing to give out now. p.mu is held.
func (c *call) idle() bool { return c.stopped != nil || c.waiting() == 0 }

// waiting counts the items that can be given out. p.mu is held.
func (c *call) waiting() int {
	n := c.limit - c.next + len(c.again)
	for _, s := range c.rest {
		n += s.count
	}
	return n
}

// stretch is count successive items, from index from on.
type stretch struct{ from, count int }

// cut gives out the next chunk, of at most most items; nil when there is none. p.mu is held.
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
	if own := c.opts.chunk; own > 0 { // a multiple of the caller's ChunkSize
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

// inRows reports whether items can be answered together, if the worker has a journal.
func (c *call) inRows() bool { return c.row != nil && c.opts.timeout == 0 }

// giveBack takes back the items of k that have no outcome. They are given out again, one by one, unless the call was
// stopped. p.mu is held.
func (c *call) giveBack(k *chunk) {
	for ; k.done < k.count; k.done++ {
		c.again = append(c.again, k.index())
		c.open--
	}
	c.pool.turn.push(c)
}

// putBack takes back items that were given out. They may travel together again. p.mu is held.
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

// label is the index of an item as errors show it; −1 if they do not.
func (c *call) label(index int) int {
	if c.single {
		return -1
	}
	return index
}

// mostLost is how many workers may die before they have begun the same item. The item is blamed for the last death, if that
// worker had no other item: perhaps workers die of receiving it.
const mostLost = 3

// loses counts a worker that died before it had begun the items of k. From now on they are suspects and travel alone, so
// that a guilty one can be found. p.mu is held.
func (c *call) loses(k *chunk) {
	if c.lost == nil {
		c.lost = make(map[int]int)
	}
	for i := k.done; i < k.count; i++ {
		c.lost[k.from+i]++
	}
}

// finished marks the call as over if it was stopped or is sealed, and no item is open or can be given out. It then takes
// the call out of pool.calls, which may end the wait of Shutdown, and returns true, only once: the caller must conclude the
// call. A batch without items leaves pool.calls, too, but is over only when the pool ends. p.mu is held.
func (c *call) finished() bool {
	if c.over || c.open > 0 || !c.idle() {
		return false
	}
	c.over = c.stopped != nil || c.sealed
	if c.over {
		c.tries, c.lost = nil, nil // some may be left, of items that are not settled any more
	}
	if c.over || c.batch != nil { // a batch comes back with the next Submit
		delete(c.pool.calls, c)
		c.pool.changed()
	}
	return c.over
}

// conclude ends the watch on ctx and calls ended, if finished, the result of call.finished, is true. No lock is held.
func (c *call) conclude(finished bool) {
	if finished {
		c.unwatch()
		ended := c.ended
		// The pool's queue may hold the call for a while, but must not keep arguments and results.
		c.encode, c.arg, c.outcome, c.row, c.encodeDense, c.ended = nil, nil, nil, nil, nil, nil
		ended()
	}
}

// wrap names the call in the error of a ctx or the pool that ended it.
func (c *call) wrap(verb string, err error) error { return &callError{verb, c.name, err} }

type callError struct {
	verb, name string
	err        error
}

func (e *callError) Error() string {
	return fmt.Sprintf("mp: %s(%s): %s", e.verb, e.name, spawn.Inner(e.err))
}

func (e *callError) Unwrap() error { return e.err }
