package synchronize

import (
	"math"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// permits is the object of a semaphore, and of a lock, which has one permit.
type permits struct {
	bound bool // who has a permit is known, and nobody else can release it
	tells bool // a lock: the next one is told that a holder has died

	mu      sync.Mutex
	free    int
	held    map[*share.Client]int // if bound
	who     string                // a lock: the holder
	ticket  uint64                // a lock: of the holder, if it has waited for a condition
	died    bool                  // nobody was told yet
	waiting []waiter
	conds   []*condition // of a lock
	closed  bool
}

// waiter waits for a permit.
type waiter struct {
	share.Request
	name   string
	cond   *condition // it was notified by this
	ticket uint64     // of its wait there
	late   bool       // it waits to end a wait that was in vain: what it gets is answered no
}

func newPermits(n int, bound, tells bool) *permits {
	return &permits{bound: bound, tells: tells, free: n, held: make(map[*share.Client]int)}
}

// Request is documented with share.Object.
func (p *permits) Request(r share.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		r.Answer(answerClosed, nil, nil)
		return
	}
	switch r.Op {
	case opAcquire, opTry:
		p.request(r)
	case opRelease:
		r.Answer(p.release(r.Client), nil, nil)
	case opDied:
		p.died = p.tells
		p.hand()
	case opState:
		r.Answer(answerOK, state(uint64(p.free), p.who), nil)
	default:
		r.Client.Break()
	}
}

func (p *permits) request(r share.Request) {
	if !r.Wanted() {
		return // nobody would know
	}
	if r.Op == opTry && p.free == 0 && !p.died {
		r.Answer(answerNo, nil, nil)
		return
	}
	p.enqueue(waiter{Request: r, name: string(r.Body)})
}

// enqueue lets somebody wait, if there is no permit. p.mu is held.
func (p *permits) enqueue(w waiter) {
	w.Body = nil
	p.waiting = append(p.waiting, w)
	p.hand()
}

// hand gives what there is to those that wait. p.mu is held.
func (p *permits) hand() {
	for len(p.waiting) > 0 && (p.free > 0 || p.died) {
		w := p.waiting[0]
		p.waiting = slices.Delete(p.waiting, 0, 1)
		if p.died {
			p.died = false
			w.Answer(answerDied, nil, nil)
			continue
		}
		p.free--
		if p.bound {
			p.held[w.Client]++
		}
		if p.tells {
			p.who, p.ticket = w.name, w.ticket
		}
		if w.late {
			w.Answer(answerNo, nil, nil)
		} else {
			w.Answer(answerOK, nil, nil)
		}
	}
}

// release takes a permit back. p.mu is held.
func (p *permits) release(c *share.Client) link.Kind {
	switch {
	case p.bound && p.held[c] == 0, p.free == math.MaxInt:
		return answerNotHeld
	case p.bound && p.held[c] == 1:
		delete(p.held, c)
	case p.bound:
		p.held[c]--
	}
	p.free++
	p.who, p.ticket = "", 0
	p.hand()
	return answerOK
}

// Cancel is documented with share.Object.
func (p *permits) Cancel(c *share.Client, id uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.waiting, func(w waiter) bool { return w.Client == c && w.ID == id })
	if i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	return i >= 0
}

// Left is documented with share.Object.
func (p *permits) Left(c *share.Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var notified []*condition
	p.waiting = slices.DeleteFunc(p.waiting, func(w waiter) bool {
		if w.Client == c && w.cond != nil {
			notified = append(notified, w.cond)
		}
		return w.Client == c
	})
	if n := p.held[c]; n > 0 {
		delete(p.held, c)
		p.free += n
		p.who, p.ticket = "", 0
		p.died = p.tells
	}
	for _, cond := range notified { // somebody else is told instead
		cond.forget(c)
		cond.notify(1)
	}
	p.hand()
}

// close is documented with object.
func (p *permits) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, w := range p.waiting {
		w.Answer(answerClosed, nil, nil)
	}
	p.waiting = nil
	for _, c := range p.conds {
		c.end()
	}
}
