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

// Condition lets processes that hold a lock wait until others that hold it notify them. It is sent by pointer, together
// with its lock. It must not be copied.
type Condition struct {
	handle
	lock *Lock
	own  bool // the lock was made for it
}

// NewCondition makes a condition for a lock that this process has made; nil: for a new lock of its own. A lock of another
// process is an error: make the condition there.
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

// Release releases the lock of the condition, as [Lock.Release] does.
func (c *Condition) Release() error { return c.locked().Release() }

// locked is the condition's lock. For a condition that was never made, it is a lock that was never made.
func (c *Condition) locked() *Lock {
	if c.lock == nil {
		return new(Lock)
	}
	return c.lock
}

// tickets number the waits of this process.
var tickets atomic.Uint64

// Wait releases the lock, which this process must hold, waits until it is notified, and acquires the lock again. Check in a
// loop what you wait for, or use WaitFor.
//
// When Wait returns nil or ctx's error (errors.Is finds ctx.Err() in it), the caller has the lock. ctx does not bound
// getting it back: the caller needs the lock for what follows, at least a Release. After other errors the caller does not
// have the lock: ErrNotHeld, ErrOwnerDied, mp.ErrClosed. A Wait that is ended by Close of this handle, in another process
// than the owner, also waits for the lock, and then gives it up.
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
	if has && (err != share.ErrEnded || ended(ctx) == errUnusable) { // the caller keeps the lock only with ctx's error
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
	case errors.Is(err, share.ErrGone), err == errNo: // the condition was closed before, and has not released the lock
		return true, share.ErrGone
	case err == share.ErrEnded:
		// Ask the lock: it may still exist when the condition does not. In another process than the owner, the lock's handle
		// belongs to this condition alone, and is never closed.
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

// WaitFor waits until done returns true. It calls done with the lock held. It returns nil once done is true, and otherwise
// an error of Wait. It is wait_for.
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

// Notify wakes the n longest waiters, or all if there are fewer. This process has to hold the lock.
func (c *Condition) Notify(n int) error {
	if n < 0 {
		return fmt.Errorf("mp: Condition.Notify(%d): it cannot be negative", n)
	}
	_, err := c.ask("Condition.Notify", opNotify, state(uint64(n), ""))
	return err
}

// NotifyAll wakes all waiters. This process has to hold the lock.
func (c *Condition) NotifyAll() error { return c.Notify(math.MaxInt) }

// Close ends the condition for all processes, if this one made it, and its lock, too, if NewCondition made that. In another
// process it ends only this handle and the waits through it; Release still works there, for the holder of the lock.
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

// condition is the object of a Condition. The mutex of its lock guards it.
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
		r.Answer(answerNo, nil, nil) // the client still has the lock
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

// notify moves the first n waiters to those of the lock. c.lock.mu is held.
func (c *condition) notify(n uint64) {
	k := int(min(n, uint64(len(c.waiting))))
	c.lock.waiting = append(c.lock.waiting, c.waiting[:k]...)
	c.waiting = slices.Delete(c.waiting, 0, k)
	c.lock.settle()
}

// forget removes the waiters of a client. c.lock.mu is held.
func (c *condition) forget(client *share.Client) {
	c.waiting = slices.DeleteFunc(c.waiting, func(w waiter) bool { return w.Client == client })
}

// Cancel is documented with share.Object. The client asks the lock to rejoin instead.
func (c *condition) Cancel(*share.Client, uint64) bool { return false }

// Left is documented with share.Object. The Left of the lock removes the client's waiters: a client that waits here has had
// the lock.
func (c *condition) Left(*share.Client) {}

// close is documented with object. A waiter that was notified and waits for the lock does not get it any more: its call
// ends with the condition, so its client would not learn that it has the lock.
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
	m.settle()
	c.end()
}

// end answers all waiters that the condition is closed. c.lock.mu is held.
func (c *condition) end() {
	c.closed = true
	for _, w := range c.waiting {
		w.Answer(answerClosed, nil, nil)
	}
	c.waiting = nil
}
