package synchronize

import (
	"context"
	"runtime"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Lock is held by one process at a time, and by one goroutine there. It is sent by pointer. It must not be copied.
//
// It belongs to the process that has acquired it: any goroutine there may release it, but, unlike in Python, no other
// process. Where processes share memory, a process takes a free lock without asking the owner. This holds for the first 512
// locks and semaphores that the owner sends; later ones are slower, until it has closed all that it has sent.
type Lock struct{ worded }

// NewLock makes a lock that nobody holds.
func NewLock() (*Lock, error) {
	m := newMutex()
	l := new(Lock)
	m.ref = share.New("Lock", m)
	l.refer(m.ref)
	l.seen.Store(&m.here)
	return l, nil
}

// Acquire waits until the lock is free and takes it. Waiters get it in the order in which they came. But for its first 30
// µs a waiter may only watch for the lock to be free and without other waiters; a later caller may be faster then. If the
// process itself holds the lock, Acquire waits, too, until another of its goroutines releases it. After an error the caller
// does not have the lock. Errors: ctx's; ErrOwnerDied, once, if a process that held the lock has died, after which it is
// free; mp.ErrClosed.
func (l *Lock) Acquire(ctx context.Context) error {
	if l.grabs(ctx) {
		return nil
	}
	return l.acquire(ctx, "Lock.Acquire")
}

// grabs takes the lock without the owner, if the word says that it is free, or, while ctx lasts, says so within a moment.
func (l *Lock) grabs(ctx context.Context) bool {
	return l.quick((*view).grab) || ctx.Err() == nil && l.look((*view).grab)
}

// TryAcquire takes the lock if it is free, and reports whether it did. It returns ErrOwnerDied as Acquire does. It is
// acquire(block=False).
func (l *Lock) TryAcquire() (bool, error) {
	const what = "Lock.TryAcquire"
	switch {
	case l.quick((*view).grab):
		return true, nil
	case l.quick((*view).taken):
		return false, nil
	}
	return l.try(what)
}

// Release gives the lock to the longest waiter, or frees it. In a process that does not hold it, Release returns ErrNotHeld
// and changes nothing. While others wait, Release does not wait for the owner: a second Release in the same process, which
// is one too many, may then return nil.
func (l *Lock) Release() error {
	if v := l.seen.Load(); v != nil && !l.closed.Load() {
		freed, wanted := v.free()
		runtime.KeepAlive(l)
		switch {
		case freed:
			return nil
		case wanted:
			return l.tell("Lock.Release", opRelease)
		}
	}
	_, err := l.ask("Lock.Release", opRelease, nil)
	return err
}

// letGo is Release for a caller that has no use for an error. It does not wait for a frozen owner, which learns of it
// later.
func (l *Lock) letGo() {
	if l.ref == nil {
		return // never made
	}
	freed := false
	if v := l.seen.Load(); v != nil { // nil: only another handle can have acquired it
		freed, _ = v.free()
	}
	if !freed {
		l.ref.Post(opRelease, nil)
	}
	runtime.KeepAlive(l)
}

// Close ends the lock for all processes, if this one made it: every Acquire returns mp.ErrClosed. In another process it
// ends only this handle and the waits through it; a lock that is held stays held. A second Close does nothing.
func (l *Lock) Close() error { return l.close() }

// String shows the holder: its name and pid.
func (l *Lock) String() string {
	return l.text("Lock", func(held uint64, who string) string {
		if held == 0 {
			return "free"
		}
		return "held by " + who
	})
}

// IsHandle marks the type: it travels by pointer.
func (l *Lock) IsHandle() {}

// EncodeMsgpack is for this library's messages; it fails in others, and after Close.
func (l *Lock) EncodeMsgpack(enc *wire.Encoder) error { return l.encode(enc, "Lock") }

// DecodeMsgpack is for this library's messages.
func (l *Lock) DecodeMsgpack(dec *wire.Decoder) error { return l.decode(dec, "Lock") }

// MarshalJSON fails: a lock cannot be written down.
func (l *Lock) MarshalJSON() ([]byte, error) { return nil, wire.NotJSON("Lock") }
