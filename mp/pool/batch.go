package pool

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// batch is a call without a last item, whose items are the calls of Submit for one function. Submissions in quick
// succession travel together, as the items of a Map do, but each can be cancelled and ends by itself. The fields are
// guarded by pool.mu, except call, settle and show, which never change.
type batch struct {
	call   *call
	settle func(s submission, data []byte, files []*os.File, err error) // gives the submission's future its outcome
	show   func(s submission) string                                    // a summary of the argument, for blame

	blocks map[int]*block // of submissions without an outcome, by index / blockSize
	arena  []byte         // memory for the arguments of the next submissions
	watch  *ctxWatch      // the watch used last: the next submission may have the same ctx
	marked int            // how many submissions were stopped and have no outcome yet
}

// blockSize is how many submissions a block has. A block is kept until the last of them has its outcome, so it is small.
const blockSize = 128

type block struct {
	items [blockSize]submission
	open  int
}

// submission is one call of Submit.
type submission struct {
	ticket  any // a *ticket[A, R]; nil: the submission has its outcome
	arg     []byte
	watch   *ctxWatch // nil: its ctx never ends
	stopped error     // why it was stopped; nil: it was not
}

// ticket is the typed part of a submission.
type ticket[A, R any] struct {
	future Future[R]
	arg    A      // set if the caller cannot change it; guarded by future.mu once the submission is in the batch
	shown  string // otherwise, a summary of it
}

// errNotRun is the outcome of a submission that was stopped before a worker had begun it.
var errNotRun = errors.New("it was stopped before it had begun")

// mayJoin reports whether a call of Submit may join a batch. All submissions of a batch would share options and a time
// limit, so it must have none.
func mayJoin[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], opts []CallOption) bool {
	if p == nil || fn == nil || len(opts) > 0 || p.opts.TaskTimeout > 0 {
		return false
	}
	_, limited := ctx.Deadline()
	return !limited
}

// join adds a call to the batch of its function. If the pool refuses it, the Future has ended with the error. If the
// argument has files, join does nothing and returns nil: the files belong to that call only.
func join[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], arg A) *Future[R] {
	t := &ticket[A, R]{future: Future[R]{name: fn.Name(), log: p.opts.Logger}}
	encoded := buffers.Get().(*wire.Buffer)
	defer reuse(encoded)
	s := submission{ticket: t}
	err := spawn.EncodeArg(fn, encoded, &arg, -1)
	if len(encoded.Files) > 0 {
		return nil
	}
	if spawn.Lasting(fn) {
		t.arg = arg
	} else {
		t.shown = spawn.Summary(&arg)
	}
	if err == nil {
		if err = enlist(ctx, p, fn, &t.future, s, encoded.Data); err == nil {
			p.dispatch()
			return &t.future
		}
		err = &callError{"Submit", fn.Name(), err}
	}
	t.future.err = err
	t.future.finish()
	return &t.future
}

// enlist puts the submission into the batch of its function. An error says why the pool refuses it.
func enlist[A, R any](ctx context.Context, p *Pool, fn *spawn.Func[A, R], f *Future[R], s submission, arg []byte) error {
	done := ctx.Done() // without the lock, here and below, as it may run code of the user's ctx
	if ctx.Err() != nil {
		return spawn.CtxError(ctx)
	}
	p.mu.Lock()
	b := p.batches[spawn.ID(fn)]
	if b == nil || b.call.limit > math.MaxInt-maxChunk { // with 32 bits, a server can get there
		b = newBatch(p, fn)
		p.batches[spawn.ID(fn)] = b
	}
	err := p.refuse
	if done != nil {
		if b.watch == nil || b.watch.done != done {
			p.mu.Unlock()
			w := b.newWatch(ctx, done)
			p.mu.Lock()
			b.watch, err = w, p.refuse
		}
		s.watch = b.watch
		s.watch.open++
		if s.watch.ended != nil {
			err = s.watch.ended
		}
	}
	var left *ctxWatch
	if err == nil {
		s.arg = b.keep(arg)
		f.call = b.call
		f.index = b.put(s)
		s.watch.covers(f.index)
	} else {
		left = b.leave(s.watch)
	}
	p.mu.Unlock()
	left.end()
	return err
}

func newBatch[A, R any](p *Pool, fn *spawn.Func[A, R]) *batch {
	c, _ := newCall("Submit", context.Background(), p, fn, nil) // only options can be wrong, and there are none
	b := &batch{call: c, blocks: make(map[int]*block)}
	b.show = func(s submission) string {
		t := s.ticket.(*ticket[A, R])
		if t.shown != "" {
			return t.shown
		}
		t.future.mu.Lock()
		arg := t.arg
		t.future.mu.Unlock()
		return spawn.Summary(&arg)
	}
	b.settle = func(s submission, data []byte, files []*os.File, err error) {
		t := s.ticket.(*ticket[A, R])
		var noArg A
		f := &t.future
		f.mu.Lock()
		t.arg = noArg // the caller may keep the future, and so the ticket, for long
		f.mu.Unlock()
		if f.err = err; err == nil {
			f.err = spawn.DecodeResult(fn, data, files, &f.result, -1)
		}
		switch {
		case f.cancelled.Load():
			var zero R
			f.result, f.err = zero, c.wrap("Submit", context.Canceled)
			link.CloseAll(files)
		case err == errNotRun:
			f.err = c.wrap("Submit", s.stopped)
		case f.err != nil && s.stopped != nil:
			f.err = c.wrap("Submit", fmt.Errorf("%w: %w", s.stopped, f.err))
		}
		f.finish()
	}
	c.batch, c.single = b, true
	c.encode, c.arg, c.outcome, c.row, c.ended = b.encode, b.argument, b.outcome, b.row, b.ended
	return b
}

// keep copies an argument for as long as the submission has no outcome. Small ones share memory. p.mu is held.
func (b *batch) keep(arg []byte) []byte {
	const room = 16 << 10
	if len(arg) > room/16 {
		return append([]byte(nil), arg...)
	}
	if cap(b.arena)-len(b.arena) < len(arg) {
		b.arena = make([]byte, 0, room)
	}
	from := len(b.arena)
	b.arena = append(b.arena, arg...)
	return b.arena[from:len(b.arena):len(b.arena)]
}

// put adds a submission to the call. p.mu is held.
func (b *batch) put(s submission) (index int) {
	c := b.call
	index = c.limit
	k := b.blocks[index/blockSize]
	if k == nil {
		k = new(block)
		b.blocks[index/blockSize] = k
	}
	k.items[index%blockSize] = s
	k.open++
	if c.open == 0 && c.waiting() == 0 { // the batch was empty, and not in calls
		c.pool.calls[c] = struct{}{}
	}
	c.limit++
	c.pool.turn.push(c)
	return index
}

// at returns the submission with this index; nil when it has its outcome. p.mu is held.
func (b *batch) at(index int) *submission {
	k := b.blocks[index/blockSize]
	if k == nil || k.items[index%blockSize].ticket == nil {
		return nil
	}
	return &k.items[index%blockSize]
}

// take removes a submission that is getting its outcome; s is zero if it has it already. last is the submission's watch if
// nothing relies on it any more: the caller ends it, without the lock. p.mu is held.
func (b *batch) take(index int) (s submission, last *ctxWatch) {
	k := b.blocks[index/blockSize]
	if k == nil || k.items[index%blockSize].ticket == nil {
		return s, nil
	}
	s, k.items[index%blockSize] = k.items[index%blockSize], submission{}
	if s.stopped != nil {
		b.marked--
	} else {
		s.stopped = b.call.stopped
	}
	if k.open--; k.open == 0 {
		delete(b.blocks, index/blockSize)
	}
	return s, b.leave(s.watch)
}

func (b *batch) encode(out *wire.Buffer, index int) error {
	p := b.call.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	s := b.at(index)
	if s == nil || s.stopped != nil {
		return errNotRun
	}
	out.Data = append(out.Data, s.arg...)
	return nil
}

func (b *batch) argument(index int) string {
	p := b.call.pool
	p.mu.Lock()
	s := b.at(index)
	if s == nil {
		p.mu.Unlock()
		return ""
	}
	found := *s
	p.mu.Unlock()
	return b.show(found)
}

func (b *batch) outcome(index int, data []byte, files []*os.File, err error) {
	p := b.call.pool
	p.mu.Lock()
	s, last := b.take(index)
	p.mu.Unlock()
	last.end()
	if s.ticket == nil { // it was stopped, which settled it, and was then given out
		link.CloseAll(files)
		return
	}
	b.settle(s, data, files, err)
}

// row is outcome for the results of count items in a row.
func (b *batch) row(index, count int, results []byte) {
	p := b.call.pool
	var some [64]submission
	for count > 0 {
		now := some[:min(count, len(some))]
		var last *ctxWatch
		p.mu.Lock()
		for i := range now {
			if now[i], last = b.take(index + i); last != nil {
				now = now[:i+1]
				break
			}
		}
		p.mu.Unlock()
		last.end()
		for i := range now {
			result, _, rest, _, err := cutItem(results, nil)
			if results = rest; err != nil {
				err = fmt.Errorf("mp: %s: the result cannot be decoded: %w", b.call.name, err)
			}
			if now[i].ticket != nil {
				b.settle(now[i], result, nil, err)
			}
		}
		index, count = index+len(now), count-len(now)
	}
}

// ended settles the submissions that are left when the pool ends.
func (b *batch) ended() {
	p := b.call.pool
	for _, index := range b.indices() {
		p.mu.Lock()
		s, last := b.take(index)
		p.mu.Unlock()
		last.end()
		if s.ticket != nil {
			b.settle(s, nil, nil, errNotRun)
		}
	}
}

// indices returns the indices of all submissions that have no outcome now.
func (b *batch) indices() (all []int) {
	p := b.call.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, k := range b.blocks {
		for i := range k.items {
			if k.items[i].ticket != nil {
				all = append(all, n*blockSize+i)
			}
		}
	}
	return all
}
