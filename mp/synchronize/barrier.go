package synchronize

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Barrier lets a number of parties, goroutines of any processes, wait until all of them have come. Then they go on, and the
// barrier can be used again. It is sent by pointer. It must not be copied.
type Barrier struct{ handle }

// NewBarrier makes a barrier for n parties, at least 1.
func NewBarrier(n int) (*Barrier, error) {
	if n < 1 {
		return nil, fmt.Errorf("mp: NewBarrier(%d): there must be at least 1 party", n)
	}
	b := new(Barrier)
	b.refer(share.New("Barrier", &barrier{parties: n}))
	return b, nil
}

// Wait waits until all parties wait, and returns a number from 0 to n−1, a different one for each. The party that gets 0
// can do what is to be done once, before a second Wait of all; Python has an action for that.
//
// When a party's ctx or process ends during Wait, the barrier breaks: all waiters, and later ones until Reset, get
// ErrBrokenBarrier. So it does when a party comes whose ctx has ended before, unless that is the last one. If the last
// party comes at the moment when a ctx ends, the others may pass, and find the barrier broken the next time, unless it was
// reset. The barrier does not know of a party that has not come yet, nor of one whose ctx ends before its process is
// connected to the owner, or before its message is on the way, as when the owner is stopped: use a ctx that ends, so as not
// to wait for such a party forever.
func (b *Barrier) Wait(ctx context.Context) (int, error) {
	const what = "Barrier.Wait"
	if ctx.Err() != nil {
		return b.pass(ctx, what)
	}
	body, err := b.wait(ctx, what, opWait, nil, nil)
	n, _ := readState(body)
	return int(n), err
}

// pass is Wait with a ctx that has ended before.
func (b *Barrier) pass(ctx context.Context, what string) (int, error) {
	short := patient(glance)
	defer short.End()
	body, err := b.call(short, what, opPass, nil, nil)
	n, _ := readState(body)
	if errors.Is(err, errNo) {
		return 0, overdue(ctx, what, false, nil)
	}
	return int(n), overdue(ctx, what, err == nil, err)
}

// Abort breaks the barrier, until Reset.
func (b *Barrier) Abort() error {
	_, err := b.ask("Barrier.Abort", opAbort, nil)
	return err
}

// Reset makes the barrier as new; waiters get ErrBrokenBarrier.
func (b *Barrier) Reset() error {
	_, err := b.ask("Barrier.Reset", opReset, nil)
	return err
}

// Waiting is how many wait now. It is n_waiting.
func (b *Barrier) Waiting() (int, error) {
	n, _, err := b.state("Barrier.Waiting")
	return int(n), err
}

// Broken reports whether it is broken.
func (b *Barrier) Broken() (bool, error) {
	_, text, err := b.state("Barrier.Broken")
	return text == broken, err
}

// Close ends the barrier for all processes, if this one made it. In another process it ends only this handle and the waits
// through it, which breaks the barrier.
func (b *Barrier) Close() error { return b.close() }

// broken is the text in the state of a broken barrier.
const broken = "broken"

// String shows how many wait, and of how many, or that it is broken.
func (b *Barrier) String() string {
	return b.text("Barrier", func(n uint64, text string) string {
		if text == broken {
			return text
		}
		return fmt.Sprintf("waiting=%d of %s", n, text)
	})
}

// IsHandle marks the type: it travels by pointer.
func (b *Barrier) IsHandle() {}

// EncodeMsgpack is for this library's messages; it fails in others, and after Close.
func (b *Barrier) EncodeMsgpack(enc *wire.Encoder) error { return b.encode(enc, "Barrier") }

// DecodeMsgpack is for this library's messages.
func (b *Barrier) DecodeMsgpack(dec *wire.Decoder) error { return b.decode(dec, "Barrier") }

// MarshalJSON fails: a barrier cannot be written down.
func (b *Barrier) MarshalJSON() ([]byte, error) { return nil, wire.NotJSON("Barrier") }

// barrier is the object of a Barrier.
type barrier struct {
	parties int

	mu      sync.Mutex
	waiting []share.Request
	passed  []share.Request // those of the last round, until Reset or a break
	broken  bool
	closed  bool
}

// Request is documented with share.Object.
func (b *barrier) Request(r share.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		r.Answer(answerClosed, nil, nil)
	case r.Op == opState:
		text := fmt.Sprint(b.parties)
		if b.broken {
			text = broken
		}
		r.Answer(answerOK, state(uint64(len(b.waiting)), text), nil)
	case r.Op == opAbort:
		b.fail(true)
		r.Answer(answerOK, nil, nil)
	case r.Op == opReset:
		b.fail(false)
		r.Answer(answerOK, nil, nil)
	case r.Op == opPass && r.Wanted() && !b.broken && len(b.waiting)+1 < b.parties:
		b.fail(true)
		r.Answer(answerNo, nil, nil)
	case (r.Op == opWait || r.Op == opPass) && r.Wanted():
		b.arrive(r)
	default:
		r.Client.Break()
	}
}

// arrive adds a waiter, and lets all go if it is the last party. b.mu is held.
func (b *barrier) arrive(r share.Request) {
	if b.broken {
		r.Answer(answerBroken, nil, nil)
		return
	}
	r.Body = nil
	b.waiting = append(b.waiting, r)
	if len(b.waiting) < b.parties {
		return
	}
	for i, r := range b.waiting {
		r.Answer(answerOK, state(uint64(i), ""), nil)
	}
	b.passed, b.waiting = b.waiting, nil
}

// fail tells the waiters that the barrier is broken; lasting: later ones, too, until Reset. b.mu is held.
func (b *barrier) fail(lasting bool) {
	b.broken = lasting
	answerAll(b.waiting, answerBroken)
	b.waiting, b.passed = nil, nil
}

// Cancel is documented with share.Object. If all have passed, but the client gave up before it heard of that, the barrier
// breaks: the client will not come to the next round, and the others must not wait for it there.
func (b *barrier) Cancel(c *share.Client, id uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	it := func(r share.Request) bool { return r.Client == c && r.ID == id }
	if slices.ContainsFunc(b.passed, it) {
		b.fail(true)
		return false
	}
	return b.lose(it)
}

// Left is documented with share.Object.
func (b *barrier) Left(c *share.Client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	theirs := func(r share.Request) bool { return r.Client == c }
	b.passed = slices.DeleteFunc(b.passed, theirs)
	b.lose(theirs)
}

// lose removes the waiters that match. If there are any, it breaks the barrier and reports true. b.mu is held.
func (b *barrier) lose(them func(share.Request) bool) bool {
	n := len(b.waiting)
	b.waiting = slices.DeleteFunc(b.waiting, them)
	lost := len(b.waiting) < n
	if lost {
		b.fail(true)
	}
	return lost
}

// close is documented with object.
func (b *barrier) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	answerAll(b.waiting, answerClosed)
	b.waiting, b.passed = nil, nil
}
