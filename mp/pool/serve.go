package pool

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// server is the worker's end: one goroutine listens to the pool, another runs tasks one after the other.
type server struct {
	link link.Link
	ctx  *spawn.Ending // of the worker; ends when it shall stop

	mu        sync.Mutex
	waiting   []delivery // tasks that are not begun
	arrived   chan struct{}
	cancelled []span
	running   uint64 // the item at work; 0: none
	item      *spawn.Ending

	// For the task goroutine only.
	task      link.Msg
	received  time.Time
	header    taskHeader
	items     []byte
	files     []*os.File
	position  uint32
	announced uint64 // the item that the pool was told to be next
	out       wire.Buffer
	err       error // the pool does not keep to the protocol
}

// delivery is a task and the time of its arrival.
type delivery struct {
	link.Msg
	at time.Time
}

// span is a range of items that nobody waits for any more.
type span struct {
	first, count uint64
	cause        spawn.Cause
}

// has reports whether the item is in the span. For one that comes before it, the difference wraps round and is too large.
func (s span) has(id uint64) bool { return id-s.first < s.count }

var errGone = errors.New("the pool is gone")

// serve runs tasks until the pool says stop (nil) or is gone. init runs first.
func serve(l link.Link, init func(context.Context) *spawn.Failure) error {
	s := &server{link: l, ctx: spawn.NewEnding(time.Time{}), arrived: make(chan struct{}, 1)}
	defer s.ctx.End(context.Canceled)
	ended := make(chan error, 2)
	go func() { ended <- s.listen() }()
	go s.run(init, func(err error) { ended <- err })
	return <-ended
}

// listen never blocks on a task: it takes in what comes, so that the pool's sends always end.
func (s *server) listen() error {
	for {
		m, err := s.link.Recv()
		if errors.Is(err, io.EOF) || errors.Is(err, link.ErrClosed) {
			return errGone
		}
		if err != nil {
			return err
		}
		switch m.Kind {
		case kindTask:
			s.mu.Lock()
			s.waiting = append(s.waiting, delivery{m, time.Now()})
			s.mu.Unlock()
			s.wake()
		case kindCancel:
			count, cause, err := parseCancel(m.Body)
			if err != nil {
				return err
			}
			s.abort(span{m.ID, count, cause})
			m.Release()
		case spawn.KindStop:
			s.ctx.End(spawn.Cause(m.Body).Err())
			m.Release()
			s.wake()
		default:
			return unexpected(m)
		}
	}
}

func (s *server) wake() {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// abort cancels the item at work if it is in the span, and remembers the span for those to come.
func (s *server) abort(gone span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelled = append(s.cancelled, gone)
	if gone.has(s.running) {
		s.item.End(gone.cause.Err())
	}
}

// run initialises the worker and runs tasks until it shall stop.
func (s *server) run(init func(context.Context) *spawn.Failure, stopped func(error)) {
	if failure := init(s.ctx); failure != nil {
		var b wire.Buffer
		if spawn.EncodeFailure(&b, failure) == nil {
			s.link.Send(link.Msg{Kind: kindInitFailed, Body: b.Data})
			s.link.Flush() // there may be many records before it
		}
		stopped(nil)
		return
	}
	s.link.Send(link.Msg{Kind: kindReady})
	s.loop(stopped)
}

// loop runs items. A function that ends its goroutine takes this one with it; then another one goes on.
func (s *server) loop(stopped func(error)) {
	over := false
	defer func() {
		if over {
			stopped(s.err)
		} else {
			go s.loop(stopped)
		}
	}()
	for s.err == nil && s.next() {
		s.runItem()
	}
	over = true
}

// next makes the next item current; false when the worker shall stop.
func (s *server) next() bool {
	for s.position == s.header.count {
		s.task.Release()
		s.task = link.Msg{}
		for s.ctx.Err() == nil {
			s.mu.Lock()
			if len(s.waiting) > 0 {
				s.task, s.received = s.waiting[0].Msg, s.waiting[0].at
				s.waiting = s.waiting[1:]
				s.mu.Unlock()
				break
			}
			s.mu.Unlock()
			select {
			case <-s.arrived:
			case <-s.ctx.Done():
			}
		}
		if s.task.Body == nil {
			return false
		}
		if s.header, s.items, s.err = parseTask(s.task.Body); s.err != nil {
			return false
		}
		s.files, s.position = s.task.Files, 0
	}
	return s.ctx.Err() == nil
}

// runItem runs the current item and answers it.
func (s *server) runItem() {
	id := s.task.ID + uint64(s.position)
	arg, files, rest, left, err := cutItem(s.items, s.files)
	if err != nil {
		s.err = err
		return
	}
	s.items, s.files = rest, left
	s.position++
	if s.announced != id {
		s.link.Send(link.Msg{Kind: kindStarted, ID: id})
	}
	s.out.Reset()
	s.out.Data = append(s.out.Data, make([]byte, answerSize)...)
	ctx, own, gone := s.begin(id)
	if gone != nil {
		link.CloseAll(files)
		s.answer(id, &spawn.Failure{Failure: wire.Describe(gone)})
		return
	}
	defer ctx.End(context.Canceled)
	defer s.ctx.AfterFunc(func() { ctx.End(s.ctx.Err()) })()
	spawn.Run(ctx, s.header.function, arg, files, &s.out, func(f *spawn.Failure) {
		if f != nil && own && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			f.Sentinels = append(f.Sentinels, timeoutSentinel)
		}
		s.answer(id, f)
	})
}

// timeoutSentinel is the name of spawn.ErrTimeout on the way.
const timeoutSentinel = "mp.ErrTimeout"

// begin makes the ctx of an item, or says why it is not to run at all. own: its deadline is that of the item, not of the call.
func (s *server) begin(id uint64) (ctx *spawn.Ending, own bool, gone error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.cancelled) > 0 && s.cancelled[0].first+s.cancelled[0].count <= id {
		s.cancelled = s.cancelled[1:]
	}
	for _, c := range s.cancelled {
		if c.has(id) {
			return nil, false, c.cause.Err()
		}
	}
	deadline, own := s.header.until(s.received)
	s.running, s.item = id, spawn.NewEnding(deadline)
	return s.item, own, nil
}

// until is when an item that begins now has to end; zero: never. The deadline of the call counts from the arrival of the
// chunk. own: the item's comes first.
func (h *taskHeader) until(received time.Time) (t time.Time, own bool) {
	if h.deadline != 0 {
		t = received.Add(time.Duration(h.deadline))
	}
	if h.timeout != 0 {
		if item := time.Now().Add(time.Duration(h.timeout)); t.IsZero() || item.Before(t) {
			return item, true
		}
	}
	return t, false
}

// answer sends the result, or the failure, of an item, and says what comes next.
func (s *server) answer(id uint64, failure *spawn.Failure) {
	kind := kindResult
	if failure != nil {
		kind = kindFailure
		s.out.Reset()
		s.out.Data = append(s.out.Data, make([]byte, answerSize)...)
		if s.err = spawn.EncodeFailure(&s.out, failure); s.err != nil {
			return
		}
	}
	s.mu.Lock()
	s.running = 0
	s.announced = 0
	if s.position < s.header.count {
		s.announced = id + 1
	} else if len(s.waiting) > 0 {
		s.announced = s.waiting[0].ID
	}
	s.mu.Unlock()
	binary.LittleEndian.PutUint64(s.out.Data, s.announced)
	err := s.link.Send(link.Msg{Kind: kind, ID: id, Body: s.out.Data, Files: s.out.Files})
	if len(s.out.Files) > 0 {
		s.link.Flush() // on Windows files on their way end with this process, and the next item may end it
	}
	link.CloseAll(s.out.Files) // the pool has its own now
	if errors.Is(err, link.ErrNotSent) {
		s.answer(id, spawn.Unsent(err))
		return
	}
	const keep = 1 << 20
	if cap(s.out.Data) > keep {
		s.out = wire.Buffer{}
	}
}
