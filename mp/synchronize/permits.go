package synchronize

import (
	"math"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// permits is the object of a semaphore. Its word tells how many there are:
//
//	number               free, without waiters
//	number | contended   there are waiters at the owner, or were until now
//
// While the word is not contended, clients take and add by themselves, and may watch it for a moment before they ask the
// owner. The owner does not learn which client took one. So the word of a bounded semaphore, which knows what each client
// has, stays with the owner.
//
// What the owner gives is the client's once that has confirmed it (opHeard). If the client ends before, it comes back.
type permits struct {
	cell
	bound   bool
	held    map[*share.Client]int // with bound: what each client has; otherwise: what it was given and has not confirmed yet
	waiting []share.Request
	closed  bool
}

// mostPermits is the largest number of permits. It is the mask of the number in the word, and fits an int.
const mostPermits = min(elsewhere-1, math.MaxInt)

func newPermits(n int, bound bool) *permits {
	p := &permits{bound: bound, held: make(map[*share.Client]int)}
	p.init(uint64(n))
	return p
}

// Request is documented with share.Object.
func (p *permits) Request(r share.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		r.Answer(answerClosed, nil, nil)
	case r.Op == opState:
		r.Answer(answerOK, state(p.word.Load()&mostPermits, ""), nil)
	case r.Op == opRelease, r.Op == opReturn:
		r.Answer(p.release(r.Client, p.bound || r.Op == opReturn), nil, nil)
	case r.Op == opHeard && !p.bound:
		p.drop(r.Client)
	case r.Op == opTry && r.Wanted():
		p.try(r)
	case r.Op == opAcquire && r.Wanted():
		r.Body = nil
		p.waiting = append(p.waiting, r)
		p.settle()
	default:
		r.Client.Break()
	}
}

// try gives r a permit if there is one. p.mu is held.
func (p *permits) try(r share.Request) {
	p.settle()
	for {
		switch n := p.word.Load(); {
		case n == 0 || n > mostPermits: // waiters come first
			r.Answer(answerNo, nil, nil)
			return
		case p.word.CompareAndSwap(n, n-1):
			p.give(r)
			return
		}
	}
}

// settle gives the permits that there are to the waiters. While waiters are left, it keeps the word contended, so that they
// get the next ones. p.mu is held.
func (p *permits) settle() {
	for {
		v := p.word.Load()
		n := v & mostPermits
		switch {
		case len(p.waiting) == 0:
			if v == n || p.word.CompareAndSwap(v, n) {
				return
			}
		case n == 0:
			if v == contended || p.word.CompareAndSwap(v, contended) {
				return
			}
		case p.word.CompareAndSwap(v, v-1):
			r := p.waiting[0]
			p.waiting = slices.Delete(p.waiting, 0, 1)
			p.give(r)
		}
	}
}

// give answers r, for which a permit was taken out of the word. p.mu is held.
func (p *permits) give(r share.Request) {
	p.held[r.Client]++
	r.Answer(answerOK, nil, nil)
}

// add adds n permits, as far as they can be counted. p.mu is held.
func (p *permits) add(n int) {
	for n > 0 {
		v := p.word.Load()
		if p.word.CompareAndSwap(v, v+min(uint64(n), mostPermits-v&mostPermits)) {
			p.settle()
			return
		}
	}
}

// release takes a permit back; held: it must be one of those in p.held. p.mu is held.
func (p *permits) release(c *share.Client, held bool) link.Kind {
	if held && !p.drop(c) || p.word.Load()&mostPermits == mostPermits {
		return answerNotHeld
	}
	p.add(1)
	return answerOK
}

// drop takes one off p.held, and reports whether there was one. p.mu is held.
func (p *permits) drop(c *share.Client) bool {
	switch p.held[c] {
	case 0:
		return false
	case 1:
		delete(p.held, c)
	default:
		p.held[c]--
	}
	return true
}

// Cancel is documented with share.Object.
func (p *permits) Cancel(c *share.Client, id uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.waiting)
	p.waiting = slices.DeleteFunc(p.waiting, func(r share.Request) bool { return r.Client == c && r.ID == id })
	p.settle()
	return len(p.waiting) < n
}

// Left is documented with share.Object.
func (p *permits) Left(c *share.Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = slices.DeleteFunc(p.waiting, func(r share.Request) bool { return r.Client == c })
	p.add(p.held[c])
	delete(p.held, c)
	p.settle()
}

// close is documented with object.
func (p *permits) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.leave()
	answerAll(p.waiting, answerClosed)
	p.waiting = nil
}
