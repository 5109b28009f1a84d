package pool

import (
	"errors"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// fail answers an item with a failure.
func (s *server) fail(id uint64, failure *spawn.Failure) {
	b := wire.Buffer{Data: make([]byte, answerSize)}
	if s.err = spawn.EncodeFailure(&b, failure); s.err == nil {
		s.answer(link.Msg{Kind: kindFailure, ID: id, Body: b.Data}, answerHeader{count: 1})
	}
}

// answer sends the answer to one item or more, the last one of which is the current one, and says what comes next.
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
		s.link.Flush() // on Windows files on their way end with this process, and the next item may end it
	}
	link.CloseAll(m.Files) // the pool has its own now
	if errors.Is(err, link.ErrNotSent) {
		s.fail(m.ID, spawn.Unsent(err))
		return
	}
	const keep = 1 << 20
	if cap(s.out.Data) > keep {
		s.out = wire.Buffer{}
	}
}

// outbox sends answers, and decides which of them wake the pool. To wake it costs more than a quick item does; so, of several
// answers within a moment, while there is more to do, one does it.
type outbox struct {
	link  link.Link
	owed  int       // answers that were posted without waking the pool
	since time.Time // the first of them
	last  time.Time
	timer *time.Timer // wakes it for them, should the item at work take long
}

const (
	mostOwed    = 8
	longestOwed = 50 * time.Microsecond
)

func newOutbox(l link.Link) *outbox {
	r := &outbox{link: l}
	r.timer = time.AfterFunc(time.Hour, func() { l.Flush() })
	r.timer.Stop()
	return r
}

// send sends an answer; more: there is more to do. The pool is not woken at once if the answers come thick and fast.
func (r *outbox) send(m link.Msg, more bool) error {
	now := time.Now()
	quick := now.Sub(r.last) < longestOwed
	r.last = now
	// Without a journal nothing shows that an answer was posted until it is sent: it would be lost with us.
	if r.link.Journal() == nil || !more || !quick || len(m.Files) > 0 || r.owed > 0 && (r.owed >= mostOwed || now.Sub(r.since) > longestOwed) {
		r.woken()
		return r.link.Send(m)
	}
	if r.owed++; r.owed == 1 {
		r.since = now
		r.timer.Reset(2 * longestOwed)
	}
	return r.link.Post(m)
}

// flush wakes the pool if it is owed that.
func (r *outbox) flush() {
	if r.owed > 0 {
		r.woken()
		r.link.Flush()
	}
}

// woken notes that the pool is woken for all answers so far.
func (r *outbox) woken() {
	if r.owed > 0 {
		r.owed = 0
		r.timer.Stop()
	}
}
