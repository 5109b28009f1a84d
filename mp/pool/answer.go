package pool

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// fail answers an item with a failure. took is how long the item ran; 0: it was not measured, or did not run.
func (s *server) fail(id uint64, failure *spawn.Failure, took time.Duration) {
	b := wire.Buffer{Data: make([]byte, answerSize)}
	if s.err = spawn.EncodeFailure(&b, failure); s.err == nil {
		s.answer(link.Msg{Kind: kindFailure, ID: id, Body: b.Data}, answerHeader{count: 1, took: took, peak: took})
	}
}

// answer sends the answer to one item or more of the task, and says what comes next.
func (s *server) answer(m link.Msg, h answerHeader) {
	s.known = 0
	switch {
	case s.position == s.header.count:
		s.known = s.ahead()
	case s.header.telling == tellEach:
		s.known = m.ID + uint64(h.count)
	}
	more := s.known != 0 || s.position < s.header.count || s.upcoming.Body != nil
	h.next = s.known
	h.put(m.Body)
	err := s.outbox.send(m, more)
	if len(m.Files) > 0 {
		s.link.Flush() // on Windows, files under way are lost when this process ends, and the next item may end it
	}
	if errors.Is(err, link.ErrNotSent) {
		s.out.Reset() // its passengers stay in this process, as its files do
		s.fail(m.ID, spawn.Unsent(err), h.took)
		return
	}
	if len(m.Files) > 0 {
		if err == nil {
			s.out.Sent()
		}
		s.out.CloseFiles() // the pool has duplicates now
	}
	if cap(s.out.Data) > mostReused && len(s.out.Files) == 0 {
		s.out = wire.Buffer{}
	}
}

// outbox sends answers, and decides which of them wake the pool. A wake-up costs more than a quick item. So of several
// answers in quick succession, while the worker has more to do, only one wakes the pool.
type outbox struct {
	link  link.Link
	owed  int       // answers that were posted without waking the pool
	since time.Time // when the first of them was posted
	last  time.Time
	timer *time.Timer // wakes the pool for them if the item at work takes long
	rung  atomic.Bool // the timer has fired, and does not fire again by itself
}

const (
	mostOwed    = 8
	longestOwed = 50 * time.Microsecond
)

func newOutbox(l link.Link) *outbox {
	o := &outbox{link: l}
	o.timer = time.AfterFunc(time.Hour, func() {
		o.rung.Store(true)
		l.Flush()
	})
	o.timer.Stop()
	return o
}

// send sends an answer. more: the worker has more to do. The pool is not woken at once if answers follow each other
// quickly.
func (o *outbox) send(m link.Msg, more bool) error {
	now := time.Now()
	soon := now.Sub(o.last) < longestOwed
	o.last = now
	// Without a journal, a posted answer must not wait: if this process died, the pool could not see that the item was
	// done.
	if o.link.Journal() == nil || !more || !soon || len(m.Files) > 0 || o.owed > 0 && (o.owed >= mostOwed || now.Sub(o.since) > longestOwed) {
		o.woken()
		return o.link.Send(m)
	}
	if o.owed++; o.owed == 1 {
		o.since = now
		o.rung.Store(false)
		o.timer.Reset(2 * longestOwed)
	}
	err := o.link.Post(m)
	if o.rung.Load() { // the timer has fired, perhaps before Post: nothing else would wake the pool for m
		o.flush()
	}
	return err
}

// flush wakes the pool if it was not woken for posted answers yet.
func (o *outbox) flush() {
	if o.owed > 0 {
		o.woken()
		o.link.Flush()
	}
}

// woken notes that the pool is woken for all answers so far.
func (o *outbox) woken() {
	if o.owed > 0 {
		o.owed = 0
		o.timer.Stop()
	}
}
