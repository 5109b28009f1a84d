package pool

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// server is the worker's end. The goroutine that runs items also fetches them, so that none has to be woken in between;
// what cannot wait until it asks for more, to cancel and to stop, comes to heed.
type server struct {
	own     bool // the process is there for this worker
	link    link.Link
	journal *link.Journal // nil when the pool cannot see one
	ctx     *spawn.Ending // of the worker; ends when it shall stop
	ended   chan error    // has room for all who say why serve ends

	mu        sync.Mutex
	idle      bool // nothing to do: whoever stops the worker need not wait
	left      bool // serve returns
	cancelled []span
	inCtx     span // the items that itemCtx is the ctx of
	itemCtx   *spawn.Ending
	disturbed atomic.Bool // something was cancelled, or the worker stopped: items of a row may be among it

	// For the task goroutine only.
	task     link.Msg
	upcoming link.Msg  // the task after it, if it is there already
	taken    time.Time // when the task became the one at work
	header   taskHeader
	items    []byte     // arguments, of the items from position on
	files    []*os.File // theirs
	position uint32     // how many items of the task were begun
	known    uint64     // the item that the pool knows to be at work, or to be next
	runner   spawn.Runner
	out      wire.Buffer
	row      row
	ballast  spawn.Ballast
	outbox   *outbox
	err      error // why no more tasks are run: the pool is gone, or does not keep to the protocol

	at   atomic.Uint64 // the item at work, when there is no journal; 0: none
	base atomic.Uint64 // the first item of the task, for whoever asks the journal
}

// span is a range of items.
type span struct {
	first, count uint64
	cause        spawn.Cause // why nobody waits for them any more
}

// has reports whether the item is in the span. For one that comes before it, the difference wraps round and is too large.
func (s span) has(id uint64) bool { return id-s.first < s.count }

// meets reports whether both have an item in common.
func (s span) meets(o span) bool { return s.has(o.first) || o.has(s.first) }

var errGone = errors.New("the pool is gone")

// newServer makes the worker's end of a link. own: in a process of the worker's own.
func newServer(l link.Link, own bool) *server {
	s := &server{own: own, link: l, journal: l.Journal(), ctx: spawn.NewEnding(time.Time{}), ended: make(chan error, 3)}
	s.outbox = newOutbox(l)
	s.row.done, s.row.doneDense = s.endInRow, s.endDense
	return s
}

// serve runs tasks until the pool says stop (nil) or is gone. init runs first.
func (s *server) serve(init func(context.Context) *spawn.Failure) error {
	// The item at work hears of it in no other way when the link has ended.
	defer s.stop(context.Canceled)
	if s.own { // of items of other workers the parent knows nothing
		spawn.TellTask(s.working)
	}
	s.link.Heed(s.heed)
	go s.run(init)
	return <-s.ended
}

// awaitGone returns when the pool is gone, once serve has returned.
func (s *server) awaitGone() {
	for <-s.ended != errGone {
	}
}

// heed takes in what cannot wait.
func (s *server) heed(m link.Msg, end error) {
	switch {
	case errors.Is(end, io.EOF) || errors.Is(end, link.ErrClosed):
		s.ended <- errGone
	case end != nil:
		s.ended <- end
	case m.Kind == kindCancel:
		count, cause, err := parseCancel(m.Body)
		if err != nil {
			s.ended <- err
		} else {
			s.abort(span{m.ID, count, cause})
		}
	case m.Kind == spawn.KindStop:
		s.stop(spawn.Cause(m.Body).Err())
	default:
		s.ended <- unexpected(m)
	}
	m.Release()
}

// abort cancels the items at work if they are in the span, and remembers the span for those to come.
func (s *server) abort(gone span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelled = append(s.cancelled, gone)
	s.disturbed.Store(true)
	if s.inCtx.meets(gone) {
		s.itemCtx.End(gone.cause.Err())
	}
}

// stop ends the worker, once it has answered the item at work.
func (s *server) stop(err error) {
	s.ctx.End(err)
	s.disturbed.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.itemCtx != nil {
		s.itemCtx.End(err)
	}
	if s.idle && !s.left {
		s.left = true
		s.ended <- nil
	}
}

// run initialises the worker and runs tasks until it shall stop.
func (s *server) run(init func(context.Context) *spawn.Failure) {
	if failure := init(s.ctx); failure != nil {
		var b wire.Buffer
		if spawn.EncodeFailure(&b, failure) == nil {
			s.link.Send(link.Msg{Kind: kindInitFailed, Body: b.Data})
			s.link.Flush() // there may be many records before it
		}
		s.ended <- nil
		return
	}
	s.rest()
	s.link.Send(link.Msg{Kind: kindReady})
	s.loop()
}

// loop runs items. A function that ends its goroutine takes this one with it; then another one goes on.
func (s *server) loop() {
	over := false
	defer func() {
		if !over {
			go s.loop()
		}
	}()
	for s.err == nil && s.next() {
		s.runItem()
	}
	over = true
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.left {
		s.left = true
		s.ended <- s.err
	}
}

// next makes the next item current; false when the worker shall stop.
func (s *server) next() bool {
	for s.position == s.header.count {
		s.task.Release()
		s.task, s.upcoming = s.upcoming, link.Msg{}
		if s.task.Body == nil {
			s.task = s.fetch()
		}
		if s.task.Body == nil {
			return false
		}
		s.taken = time.Now()
		if s.header, s.items, s.err = parseTask(s.task.Body); s.err != nil {
			return false
		}
		s.files, s.position = s.task.Files, 0
		s.base.Store(s.task.ID)
		if s.own && len(s.task.Body) > inlineRing {
			s.ballast.Take(spawn.WorkerBallast)
		}
	}
	return s.ctx.Err() == nil
}

// fetch waits for a task; there is none when the worker shall stop.
func (s *server) fetch() (task link.Msg) {
	s.rest()
	s.outbox.flush()
	s.mu.Lock()
	s.idle = true
	stop := s.ctx.Err() != nil
	s.mu.Unlock()
	if stop {
		return task
	}
	task = s.receive()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = false
	if s.left {
		return link.Msg{}
	}
	return task
}

// receive is the next task; there is none when the link has ended, of which heed is told.
func (s *server) receive() link.Msg {
	m, err := s.link.Recv()
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, link.ErrClosed):
		s.err = errGone
	case err != nil:
		s.err = err
	case m.Kind != kindTask:
		s.err = unexpected(m)
	case m.Lost: // others would be blamed if this process went on
		s.err = link.ErrFilesLost
	default:
		return m
	}
	return link.Msg{}
}

// ahead looks for the task after the one at work, and says what its first item is if it is to be told of: 0 otherwise.
func (s *server) ahead() uint64 {
	if s.upcoming.Body == nil && s.link.Poll() {
		s.upcoming = s.receive()
	}
	if h, _, err := parseTask(s.upcoming.Body); err == nil && h.telling == tellEach {
		return s.upcoming.ID
	}
	return 0
}

// take makes an item the one at work, unless the pool has taken it back.
func (s *server) take(id uint64) bool {
	if s.journal != nil {
		return s.journal.Begin(id)
	}
	s.at.Store(id)
	return true
}

// rest notes that no item is at work.
func (s *server) rest() {
	if s.journal != nil {
		s.journal.Rest()
	} else {
		s.at.Store(0)
	}
}

// working is the item at work; 0: none.
func (s *server) working() uint64 {
	if s.journal == nil {
		return s.at.Load()
	}
	if at, working := s.journal.At(s.base.Load()); working {
		return at
	}
	return 0
}

// skip drops the rest of the task, from this item on: the pool has taken it back.
func (s *server) skip(id uint64) {
	s.known, s.position, s.items = 0, s.header.count, nil
	link.CloseAll(s.files)
	s.files = nil
	s.sendRow()
	s.closeRow()
	s.link.Send(link.Msg{Kind: kindSkipped, ID: id})
}

// runItem runs the current item.
func (s *server) runItem() {
	id := s.task.ID + uint64(s.position)
	if s.header.dense && s.journal != nil {
		s.runDense(id)
		return
	}
	arg, files, rest, left, err := cutItem(s.items, s.files)
	if err != nil {
		s.err = err
		return
	}
	s.items, s.files = rest, left
	s.position++
	if s.header.telling == tellEach || s.journal == nil {
		s.runAlone(id, arg, files)
	} else {
		s.runInRow(id, arg, files)
	}
}

// runAlone runs an item that is told of by itself.
func (s *server) runAlone(id uint64, arg []byte, files []*os.File) {
	if s.known != id {
		s.link.Send(link.Msg{Kind: kindStarted, ID: id})
	}
	s.out.Reset()
	s.out.Data = append(s.out.Data, make([]byte, answerSize)...)
	start, none := beginItem(&s.out)
	if !s.take(id) {
		link.CloseAll(files)
		s.skip(id)
		return
	}
	ctx, own, gone := s.begin(span{first: id, count: 1})
	if gone != nil {
		link.CloseAll(files)
		s.fail(id, &spawn.Failure{Failure: wire.Describe(gone)}, 0)
		return
	}
	defer s.over(ctx)
	s.runner.Run(ctx, s.header.function, arg, files, &s.out, func(f *spawn.Failure) {
		if f != nil {
			if own && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				f.TimedOut()
			}
			s.fail(id, f, 0)
			return
		}
		endItem(&s.out, start, none)
		s.answer(link.Msg{Kind: kindResult, ID: id, Body: s.out.Data, Files: s.out.Files}, answerHeader{count: 1})
	})
}

// begin makes the ctx of items, or says why the first one is not to run at all. own: its deadline is that of the item, not of
// the call.
func (s *server) begin(items span) (ctx *spawn.Ending, own bool, gone error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if gone := s.isCancelled(items.first); gone != nil {
		return nil, false, gone
	}
	deadline, own := s.header.until(s.taken)
	s.inCtx, s.itemCtx = items, spawn.NewEnding(deadline)
	if err := s.ctx.Err(); err != nil { // just now
		s.itemCtx.End(err)
	}
	return s.itemCtx, own, nil
}

// isCancelled says why an item is not to run; nil when it is. It forgets the spans before the item, which comes no more.
// s.mu is held.
func (s *server) isCancelled(id uint64) error {
	for len(s.cancelled) > 0 && s.cancelled[0].first+s.cancelled[0].count <= id {
		s.cancelled = s.cancelled[1:]
	}
	for _, c := range s.cancelled {
		if c.has(id) {
			return c.cause.Err()
		}
	}
	return nil
}

// over ends the ctx that begin has made.
func (s *server) over(ctx *spawn.Ending) {
	s.mu.Lock()
	s.inCtx, s.itemCtx = span{}, nil
	s.mu.Unlock()
	ctx.End(context.Canceled)
}

// until is when an item that begins now has to end; zero: never. The deadline of the call counts from when its chunk
// was taken. own: the item's comes first.
func (h *taskHeader) until(taken time.Time) (t time.Time, own bool) {
	if h.deadline != 0 {
		t = taken.Add(time.Duration(h.deadline))
	}
	if h.timeout != 0 {
		if item := time.Now().Add(time.Duration(h.timeout)); t.IsZero() || item.Before(t) {
			return item, true
		}
	}
	return t, false
}
