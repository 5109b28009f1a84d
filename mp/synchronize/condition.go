package synchronize

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Condition is what processes wait for that hold a lock, until others that hold it notify them. It is sent by pointer, and
// its lock with it. It must not be copied.
type Condition struct {
	handle
	lock *Lock
	own  bool // the lock was made for it
}

// NewCondition makes a condition for a lock of this process; nil: for a lock of its own. With a lock that another process has
// made it is an error: the condition is to be made there.
func NewCondition(lock *Lock) (*Condition, error) {
	own := lock == nil
	if own {
		lock, _ = NewLock()
	}
	if lock.ref == nil || lock.closed.Load() {
		return nil, errors.New("mp: NewCondition: the lock was closed, or never made")
	}
	m, ours := lock.ref.Object().(*mutex)
	if !ours {
		return nil, errors.New("mp: NewCondition: the lock was made by another process; make the condition there, and send both")
	}
	object := &condition{lock: m}
	m.mu.Lock()
	m.conds = append(m.conds, object)
	m.mu.Unlock()
	c := &Condition{lock: lock, own: own}
	c.refer(share.New("Condition", object))
	return c, nil
}

// Acquire acquires the lock of the condition, as [Lock.Acquire] does.
func (c *Condition) Acquire(ctx context.Context) error {
	const what = "Condition.Acquire"
	if err := c.usable(what); err != nil {
		return err
	}
	if c.lock.grabs(ctx) {
		return nil
	}
	ctx, end := c.living(ctx)
	defer end()
	return c.lock.acquire(ctx, what)
}

// Release releases it.
func (c *Condition) Release() error { return c.locked().Release() }

// locked is its lock; nobody has made that either if nobody has made the condition.
func (c *Condition) locked() *Lock {
	if c.lock == nil {
		return new(Lock)
	}
	return c.lock
}

// tickets number the waits of this process.
var tickets atomic.Uint64

// Wait releases the lock, which this process has to hold, waits until it is notified, and acquires the lock again. When it
// returns nil or ctx's error, in which errors.Is finds ctx.Err(), the caller has the lock; to get it again is not bounded by ctx,
// as what follows, a Release in the first place, needs it. With other errors it does not have the lock: ErrNotHeld, ErrOwnerDied,
// mp.ErrClosed; a wait that Close of this handle ends in another process than the owner gets the lock again, too, before it gives it
// back. What is waited for has to be looked at in a loop, or by WaitFor.
func (c *Condition) Wait(ctx context.Context) error {
	const what = "Condition.Wait"
	if err := c.usable(what); err != nil {
		c.locked().letGo()
		return err
	}
	ctx, end := c.living(ctx)
	defer end()
	v, err := c.lock.view(ctx)
	if err != nil {
		return failure(ctx, what, err)
	}
	v.shadow.order()
	defer v.shadow.order()
	has, err := c.await(ctx)
	if err == nil {
		return nil
	}
	if has && (err != share.ErrEnded || ended(ctx) == errUnusable) { // only with the error of its ctx does the caller have it
		c.lock.letGo()
	}
	return failure(ctx, what, err)
}

// await waits, and reports whether this process has the lock now.
func (c *Condition) await(ctx context.Context) (has bool, err error) {
	ticket := state(tickets.Add(1), "")
	_, err = c.request(ctx, opWait, ticket, nil)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, share.ErrGone), err == errNo: // it was closed before, and has not released the lock
		return true, share.ErrGone
	case err == share.ErrEnded:
		// The lock is asked, as it is there also when the condition is not any more. In another process than the owner its handle is
		// this condition's alone, and nobody closes that.
		switch _, back := c.lock.request(context.WithoutCancel(ctx), opRejoin, ticket, nil); back {
		case nil: // it was notified after all
			return true, nil
		case errNo:
			return true, err
		default:
			err = back
		}
	}
	if err == ErrOwnerDied || err == spawn.ErrClosed {
		c.lock.heard(ctx, ticket)
	}
	return false, err
}

// WaitFor waits until done, which is called with the lock held, returns true. It returns as Wait does; nil: done was
// true. It is wait_for.
func (c *Condition) WaitFor(ctx context.Context, done func() bool) error {
	for !done() {
		if err := c.Wait(ctx); err != nil {
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) && done() {
				return nil
			}
			return err
		}
	}
	return nil
}

// Notify wakes the n that have waited longest, or as many as there are. This process has to hold the lock.
func (c *Condition) Notify(n int) error {
	if n < 0 {
		return fmt.Errorf("mp: Condition.Notify(%d): it cannot be negative", n)
	}
	_, err := c.ask("Condition.Notify", opNotify, state(uint64(n), ""))
	return err
}

// NotifyAll wakes all that wait. This process has to hold the lock.
func (c *Condition) NotifyAll() error { return c.Notify(math.MaxInt) }

// Close ends the condition for everybody, if this process has made it, and its lock if that was made for it; else the use of
// this handle and what waits through it. Release still works there, for who has the lock.
func (c *Condition) Close() error {
	err := c.close()
	if c.own {
		err = errors.Join(err, c.lock.Close())
	}
	return err
}

// String shows how many wait.
func (c *Condition) String() string {
	return c.text("Condition", func(n uint64, _ string) string { return fmt.Sprintf("waiting=%d", n) })
}

// IsHandle marks the type: it travels by pointer.
func (c *Condition) IsHandle() {}

// EncodeMsgpack is for this library's messages; it fails in others, and after Close.
func (c *Condition) EncodeMsgpack(enc *wire.Encoder) error {
	if err := c.encode(enc, "Condition"); err != nil {
		return err
	}
	return c.lock.EncodeMsgpack(enc)
}

// DecodeMsgpack is for this library's messages.
func (c *Condition) DecodeMsgpack(dec *wire.Decoder) error {
	c.lock = new(Lock)
	if err := c.decode(dec, "Condition"); err != nil {
		return err
	}
	return c.lock.DecodeMsgpack(dec)
}

// MarshalJSON fails: a condition cannot be written down.
func (c *Condition) MarshalJSON() ([]byte, error) { return nil, wire.NotJSON("Condition") }

// condition is what the owner has. The mutex of the lock is its own, too.
type condition struct {
	lock    *mutex
	waiting []waiter
	closed  bool
}

// Request is documented with share.Object.
func (c *condition) Request(r share.Request) {
	c.lock.mu.Lock()
	defer c.lock.mu.Unlock()
	n, _ := readState(r.Body)
	r.Body = nil
	switch {
	case c.closed && r.Op == opWait:
		r.Answer(answerNo, nil, nil) // it still has the lock
	case c.closed:
		r.Answer(answerClosed, nil, nil)
	case r.Op == opState:
		r.Answer(answerOK, state(uint64(len(c.waiting)), ""), nil)
	case !c.lock.holds(r.Client):
		r.Answer(answerNotHeld, nil, nil)
	case r.Op == opWait && r.Wanted():
		c.waiting = append(c.waiting, waiter{Request: r, cond: c, ticket: n})
		c.lock.release(r.Client)
	case r.Op == opNotify:
		c.notify(n)
		r.Answer(answerOK, nil, nil)
	default:
		r.Client.Break()
	}
}

// notify lets the first n wait for the lock instead. c.lock.mu is held.
func (c *condition) notify(n uint64) {
	k := int(min(n, uint64(len(c.waiting))))
	c.lock.waiting = append(c.lock.waiting, c.waiting[:k]...)
	c.waiting = slices.Delete(c.waiting, 0, k)
	c.lock.settle()
}

// forget forgets those of a process. c.lock.mu is held.
func (c *condition) forget(client *share.Client) {
	c.waiting = slices.DeleteFunc(c.waiting, func(w waiter) bool { return w.Client == client })
}

// Cancel is documented with share.Object. The one that has waited will ask to rejoin.
func (c *condition) Cancel(*share.Client, uint64) bool { return false }

// Left is documented with share.Object. The lock has seen to it, or will: who waits here has had that.
func (c *condition) Left(*share.Client) {}

// close is documented with object. Who was notified and waits for the lock does not get it any more: nobody there would know.
func (c *condition) close() {
	m := c.lock
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conds = slices.DeleteFunc(m.conds, func(other *condition) bool { return other == c })
	m.waiting = slices.DeleteFunc(m.waiting, func(w waiter) bool {
		if w.cond == c {
			c.waiting = append(c.waiting, w)
		}
		return w.cond == c
	})
	for _, w := range c.waiting {
		m.ended[w.asker()] = true
	}
	c.end()
}

// end ends every wait. c.lock.mu is held.
func (c *condition) end() {
	c.closed = true
	for _, w := range c.waiting {
		w.Answer(answerClosed, nil, nil)
	}
	c.waiting = nil
}
