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

// server is the worker's end of the link. One goroutine, the task goroutine, fetches items and runs them, so that no
// goroutine has to be woken in between. Messages to cancel and to stop cannot wait until it fetches again: they go to heed.
type server struct {
	own     bool // the worker has a process of its own
	link    link.Link
	journal *link.Journal // nil when the pool cannot see one
	ctx     *spawn.Ending // of the worker; ends when the worker shall stop
	ended   chan error    // why serve ends; has room for one reason of each sender

	mu        sync.Mutex
	idle      bool // the task goroutine waits for a task: then stop ends serve at once
	left      bool // serve was told to return
	cancelled []span
	inCtx     span // the items whose ctx is itemCtx
	itemCtx   *spawn.Ending
	disturbed atomic.Bool // items were cancelled, or the worker stopped: a row must check its next item

	// For the task goroutine only.
	task     link.Msg
	upcoming link.Msg  // the task after it, if it has arrived
	taken    time.Time // when task was taken up
	header   taskHeader
	items    []byte     // the arguments of the items from position on
	files    []*os.File // the files of these arguments
	position uint32     // how many items of the task were begun
	known    uint64     // the item that the last answer has announced; 0: none
	runner   spawn.Runner
	out      wire.Buffer
	row      row
	ballast  spawn.Ballast
	outbox   *outbox
	err      error // why no more tasks are run: the pool is gone, or does not keep to the protocol

	at   atomic.Uint64 // the item at work, when there is no journal; 0: none
	base atomic.Uint64 // the first item of the task: Journal.At needs a number near the item at work
}

// span is a range of items.
type span struct {
	first, count uint64
	cause        spawn.Cause // why they were cancelled
}

// has reports whether the item is in the span. For an item before the span, the difference wraps round and is too large.
func (s span) has(id uint64) bool { return id-s.first < s.count }

// meets reports whether both have an item in common.
func (s span) meets(o span) bool { return s.has(o.first) || o.has(s.first) }

var errGone = errors.New("the pool is gone")

// newServer makes the worker's end of a link. own: the worker has a process of its own.
func newServer(l link.Link, own bool) *server {
	s := &server{own: own, link: l, journal: l.Journal(), ctx: spawn.NewEnding(time.Time{}), ended: make(chan error, 3)}
	s.outbox = newOutbox(l)
	s.row.done, s.row.doneDense = s.endInRow, s.endDense
	return s
}

// serve runs tasks until the pool says stop (nil) or is gone. init runs first.
func (s *server) serve(init func(context.Context) *spawn.Failure) error {
	// When the link has ended, nothing else tells the item at work.
	defer s.stop(context.Canceled)
	if s.own { // InProcess, the parent of this process knows nothing of the items
		spawn.TellTask(s.working)
	}
	s.link.Heed(s.heed)
	go s.run(init)
	return <-s.ended
}

// awaitGone waits until the pool is gone. It is called after serve.
func (s *server) awaitGone() {
	for <-s.ended != errGone {
	}
}

// heed takes in urged messages, to cancel and to stop, and the end of the link.
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

// abort cancels the items at work if they are in the span, and remembers the span for items that are still to come.
func (s *server) abort(gone span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelled = append(s.cancelled, gone)
	s.disturbed.Store(true)
	if s.inCtx.meets(gone) {
		s.itemCtx.End(gone.cause.Err())
	}
}

// stop ends the ctx of the worker and of the item at work. The worker ends once it has answered that item.
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
			s.link.Flush() // log records may be under way before it, and this process is about to exit
		}
		s.ended <- nil
		return
	}
	s.rest()
	s.link.Send(link.Msg{Kind: kindReady})
	s.loop()
}

// loop runs items. If a function ends this goroutine, with runtime.Goexit, another one goes on.
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
	link.CloseAll(s.files) // of items that were not begun
	s.upcoming.CloseFiles()
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
		s.taken, s.files = time.Now(), s.task.Files
		if s.header, s.items, s.err = parseTask(s.task.Body); s.err != nil {
			return false
		}
		s.position = 0
		s.base.Store(s.task.ID)
		if s.own && len(s.task.Body) > inlineRing {
			s.ballast.Take(spawn.WorkerBallast)
		}
	}
	return s.ctx.Err() == nil
}

// fetch waits for a task. It returns none, an empty message, when the worker shall stop.
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
		task.CloseFiles()
		return link.Msg{}
	}
	return task
}

// receive waits for the next task. It returns none when the link has ended, of which heed is told, too.
func (s *server) receive() link.Msg {
	m, err := s.link.Recv()
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, link.ErrClosed):
		s.err = errGone
	case err != nil:
		s.err = err
	case m.Kind != kindTask:
		s.err = unexpected(m)
	case m.Lost: // if this process went on without descriptors, other items would be blamed
		s.err = link.ErrFilesLost
	default:
		return m
	}
	return link.Msg{}
}

// ahead takes in the task after the one at work, if it has arrived. It returns the task's first item if that is told by
// itself, and otherwise 0.
func (s *server) ahead() uint64 {
	if s.upcoming.Body == nil && s.link.Poll() {
		s.upcoming = s.receive()
	}
	if h, _, err := parseTask(s.upcoming.Body); err == nil && h.telling == tellEach {
		return s.upcoming.ID
	}
	return 0
}

// take notes that an item is at work; false when the pool has taken it back.
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

// skip drops the rest of the task, from this item on, as the pool has taken it back, and tells the pool.
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

// runAlone runs an item and answers it by itself.
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

// begin makes the ctx of items, or says why the first one is not to run at all. own: the deadline is that of the item, not
// of the call.
func (s *server) begin(items span) (ctx *spawn.Ending, own bool, gone error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if gone := s.isCancelled(items.first); gone != nil {
		return nil, false, gone
	}
	deadline, own := s.header.until(s.taken)
	s.inCtx, s.itemCtx = items, spawn.NewEnding(deadline)
	if err := s.ctx.Err(); err != nil { // the worker was stopped just now
		s.itemCtx.End(err)
	}
	return s.itemCtx, own, nil
}

// isCancelled returns why an item is not to run; nil when it is. It drops the spans that end before the item, as their
// items do not come any more. s.mu is held.
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

// over ends the ctx that begin has made, once its items have ended.
func (s *server) over(ctx *spawn.Ending) {
	s.mu.Lock()
	s.inCtx, s.itemCtx = span{}, nil
	s.mu.Unlock()
	ctx.End(context.Canceled)
}

// until is when an item that begins now has to end; zero: never. The deadline of the call counts from when its chunk was
// taken. own: the item's own limit comes first.
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
