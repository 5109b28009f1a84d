package synchronize

import (
	"math"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// permits is the object of a semaphore.
type permits struct {
	bound bool // who has a permit is known, and nobody else can release it

	mu      sync.Mutex
	free    int
	held    map[*share.Client]int // if bound
	waiting []share.Request
	closed  bool
}

func newPermits(n int, bound bool) *permits {
	return &permits{bound: bound, free: n, held: make(map[*share.Client]int)}
}

// Request is documented with share.Object.
func (p *permits) Request(r share.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		r.Answer(answerClosed, nil, nil)
	case r.Op == opState:
		r.Answer(answerOK, state(uint64(p.free), ""), nil)
	case r.Op == opRelease:
		r.Answer(p.release(r.Client), nil, nil)
	case r.Op == opTry && p.free == 0:
		r.Answer(answerNo, nil, nil)
	case (r.Op == opAcquire || r.Op == opTry) && r.Wanted():
		r.Body = nil
		p.waiting = append(p.waiting, r)
		p.hand()
	default:
		r.Client.Break()
	}
}

// hand gives what there is to those that wait. p.mu is held.
func (p *permits) hand() {
	for len(p.waiting) > 0 && p.free > 0 {
		r := p.waiting[0]
		p.waiting = slices.Delete(p.waiting, 0, 1)
		p.free--
		if p.bound {
			p.held[r.Client]++
		}
		r.Answer(answerOK, nil, nil)
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
	p.hand()
	return answerOK
}

// Cancel is documented with share.Object.
func (p *permits) Cancel(c *share.Client, id uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.waiting)
	p.waiting = slices.DeleteFunc(p.waiting, func(r share.Request) bool { return r.Client == c && r.ID == id })
	return len(p.waiting) < n
}

// Left is documented with share.Object.
func (p *permits) Left(c *share.Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(r share.Request) bool { return r.Client == c })
	p.free += p.held[c]
	delete(p.held, c)
	p.hand()
}

// close is documented with object.
func (p *permits) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	answerAll(p.waiting, answerClosed)
	p.waiting = nil
}
