package synchronize

import (
	"maps"
	"math"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// mutex is the object of a lock. Its word tells who holds it:
//
//	0                    free
//	number               held by the client of that number
//	number | contended   the same, but only the owner may free it: there is a waiter, or a death to be told of
//	contended            free, but only the owner may give it away
//
// A client that finds 0 takes the lock by itself, and a client that finds its number frees it. Before it asks the owner, a
// client may watch the word for a moment, until it is 0. The owner does not know of that. Such a client overtakes no waiter
// of the owner, as the word is not 0 while there are any. Only the owner changes a contended word, under mu; the holder
// asks it for the release. So the owner always knows who holds the lock, even if the holder was killed. A number that no
// client has belongs to a dead one.
//
// The owner tells one client of a holder's death, and gives the lock to no client before that one has confirmed it
// (opHeard). If that client is dead, too, the owner tells the next one instead.
type mutex struct {
	cell
	ref     *share.Ref
	names   map[uint32]string // of the clients, by number
	died    bool              // a holder has died, and no client was told yet
	told    *waiter           // was told of it, and has not confirmed that yet; nil: none
	last    asker             // got the lock last from the owner
	ended   map[asker]bool    // waited for a condition that was closed, and have not confirmed that yet
	waiting []waiter
	conds   []*condition
	closed  bool
}

// asker is a client and the ticket of one of its waits for conditions; ticket 0: it has not waited for one.
type asker struct {
	client *share.Client
	ticket uint64
}

// waiter is a request that waits for the lock, or in a condition for a notification.
type waiter struct {
	share.Request
	cond   *condition // it waits for this, or was notified by it; nil: none
	ticket uint64     // of that wait
	late   bool       // it was not notified: it gets the lock, with answerNo
}

func (w *waiter) asker() asker { return asker{w.Client, w.ticket} }

func newMutex() *mutex {
	m := &mutex{names: make(map[uint32]string), ended: make(map[asker]bool)}
	m.init(0)
	return m
}

// Request is documented with share.Object.
func (m *mutex) Request(r share.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		r.Answer(answerClosed, nil, nil)
	case r.Op == opState:
		r.Answer(answerOK, m.state(), nil)
	case r.Op == opRelease, r.Op == opReturn:
		r.Answer(m.release(r.Client), nil, nil)
	case r.Op == opHeard:
		ticket, _ := readState(r.Body)
		m.heard(asker{r.Client, ticket})
	case r.Op == opDied:
		m.unheard(r.Client)
	case r.Op == opTry && r.Wanted():
		m.try(r)
	case r.Op == opRejoin && r.Wanted():
		ticket, _ := readState(r.Body)
		m.rejoin(r, ticket)
	case r.Op == opAcquire && r.Wanted():
		m.names[r.Client.Number()] = string(r.Body)
		m.enqueue(waiter{Request: r})
	default:
		r.Client.Break()
	}
}

// state tells whether the lock is held, and by which process. m.mu is held.
func (m *mutex) state() []byte {
	switch n := uint32(m.word.Load()); n {
	case 0:
		return state(0, "")
	case 1:
		return state(1, string(caller()))
	default:
		return state(1, m.names[n])
	}
}

// holds reports whether a client has the lock. m.mu is held.
func (m *mutex) holds(c *share.Client) bool { return uint32(m.word.Load()) == c.Number() }

// bury takes the lock from a holder that is no client: the number was written by a process that breaks the rules, or that
// had already ended for the owner. m.mu is held.
func (m *mutex) bury() {
	v := m.word.Load()
	holder := v &^ contended
	if holder == 0 || holder <= math.MaxUint32 && m.ref.IsClient(uint32(holder)) {
		return
	}
	if m.word.CompareAndSwap(v, contended) {
		m.died = true
	}
}

// try gives r the lock if it is free, or tells r of a death. m.mu is held.
func (m *mutex) try(r share.Request) {
	m.bury()
	m.names[r.Client.Number()] = string(r.Body)
	switch {
	case m.died && m.told == nil:
		m.tell(waiter{Request: r})
	case m.word.CompareAndSwap(0, uint64(r.Client.Number())):
		r.Answer(answerOK, nil, nil)
	default:
		r.Answer(answerNo, nil, nil)
	}
}

// enqueue adds a waiter, and serves it if the lock is free. m.mu is held.
func (m *mutex) enqueue(w waiter) {
	w.Body = nil
	m.waiting = append(m.waiting, w)
	m.settle()
}

// rejoin ends the wait for a condition with this ticket. r waits for the lock in its place; if there was no notification, r
// gets it with answerNo. If the wait was already answered, r gets that answer again. m.mu is held.
func (m *mutex) rejoin(r share.Request, ticket uint64) {
	theirs := func(w waiter) bool { return w.Client == r.Client && w.ticket == ticket && w.cond != nil }
	for _, c := range m.conds {
		if i := slices.IndexFunc(c.waiting, theirs); i >= 0 {
			w := c.waiting[i]
			c.waiting = slices.Delete(c.waiting, i, i+1)
			w.Answer(answerNo, nil, nil)
			m.enqueue(waiter{Request: r, ticket: ticket, late: true})
			return
		}
	}
	if i := slices.IndexFunc(m.waiting, theirs); i >= 0 {
		w := &m.waiting[i]
		w.Answer(answerNo, nil, nil)
		r.Body = nil
		w.Request = r
		return
	}
	switch me := (asker{r.Client, ticket}); { // the wait was answered, but its ctx had ended
	case m.ended[me]:
		r.Answer(answerClosed, nil, nil)
	case m.isTold(me):
		r.Answer(answerDied, nil, nil)
	case !m.holds(r.Client):
		r.Answer(answerNotHeld, nil, nil)
	case m.last == me:
		r.Answer(answerOK, nil, nil)
	default:
		r.Answer(answerNo, nil, nil) // the wait never came here, and the client still has the lock
	}
}

// tell tells w that a holder has died. The lock is contended and has no holder. m.mu is held.
func (m *mutex) tell(w waiter) {
	m.died, m.told = false, &w
	w.Answer(answerDied, nil, nil)
}

// isTold reports whether a was told of a death and has not confirmed that. m.mu is held.
func (m *mutex) isTold(a asker) bool { return m.told != nil && m.told.asker() == a }

// heard notes that a has confirmed an end of its wait that left it without the lock. m.mu is held.
func (m *mutex) heard(a asker) {
	delete(m.ended, a)
	if m.isTold(a) {
		m.told = nil
		m.hand()
	}
}

// unheard is called when c did not hear of a death that it was told of: its caller had given up, or c has left. The next
// waiter is told instead. If c had been notified by a condition, another waiter there is notified instead. m.mu is held.
func (m *mutex) unheard(c *share.Client) {
	w := m.told
	if w == nil || w.Client != c {
		return
	}
	m.died, m.told = true, nil
	m.hand()
	if w.cond != nil {
		w.cond.notify(1)
	}
}

// settle hands out the lock if it is free and has waiters, or a death to be told of. If it is held, settle makes it
// contended, so that its holder leaves the release to the owner; or, if all waiters have given up, not contended any more,
// so that the lock is free as soon as the holder says so. m.mu is held.
func (m *mutex) settle() {
	for m.died || len(m.waiting) > 0 {
		m.bury()
		v := m.word.Load()
		if v&^contended == 0 {
			if m.word.CompareAndSwap(v, contended) {
				m.hand()
				return
			}
		} else if v&contended != 0 || m.word.CompareAndSwap(v, v|contended) {
			return
		}
	}
	if v := m.word.Load(); v > contended {
		m.word.CompareAndSwap(v, v&^contended)
	}
}

// hand gives the lock, which is contended and has no holder, to the longest waiter, or tells that waiter of a death. While
// a client has not confirmed a death, hand does nothing. m.mu is held.
func (m *mutex) hand() {
	if m.told != nil {
		return
	}
	if len(m.waiting) == 0 {
		if !m.died {
			m.word.Store(0)
		}
		return
	}
	w := m.waiting[0]
	m.waiting = slices.Delete(m.waiting, 0, 1)
	if m.died {
		m.tell(w)
		return
	}
	v := uint64(w.Client.Number())
	if len(m.waiting) > 0 {
		v |= contended
	}
	m.word.Store(v)
	m.last = w.asker()
	answer := answerOK
	if w.late {
		answer = answerNo
	}
	w.Answer(answer, nil, nil)
}

// release takes the lock from its holder. m.mu is held.
func (m *mutex) release(c *share.Client) link.Kind {
	for {
		v := m.word.Load()
		if uint32(v) != c.Number() {
			return answerNotHeld
		}
		if m.word.CompareAndSwap(v, contended) {
			m.hand()
			return answerOK
		}
	}
}

// Cancel is documented with share.Object.
func (m *mutex) Cancel(c *share.Client, id uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.waiting)
	m.waiting = slices.DeleteFunc(m.waiting, func(w waiter) bool { return w.Client == c && w.ID == id })
	m.settle()
	return len(m.waiting) < n
}

// Left is documented with share.Object. The client's waits for conditions end here, too: it cannot be notified after it has
// lost the lock.
func (m *mutex) Left(c *share.Client) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, cond := range m.conds {
		cond.forget(c)
	}
	var notified []*condition
	m.waiting = slices.DeleteFunc(m.waiting, func(w waiter) bool {
		if w.Client == c && w.cond != nil {
			notified = append(notified, w.cond)
		}
		return w.Client == c
	})
	delete(m.names, c.Number())
	maps.DeleteFunc(m.ended, func(a asker, _ bool) bool { return a.client == c })
	m.unheard(c)
	if m.holds(c) {
		m.died = true
		m.release(c)
	}
	m.bury()
	m.settle()
	for _, cond := range notified { // another waiter is notified instead
		cond.notify(1)
	}
}

// close is documented with object.
func (m *mutex) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.leave()
	for _, w := range m.waiting {
		w.Answer(answerClosed, nil, nil)
	}
	m.waiting = nil
	for _, c := range m.conds {
		c.end()
	}
}
