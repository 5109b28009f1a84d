package synchronize

import (
	"context"
	"runtime"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Lock is held by one process at a time, and by one goroutine there. It is sent by pointer. It must not be copied.
//
// It belongs to the process: any goroutine of the one that has acquired it may release it, and no other process, which is where
// it differs from Python's. Where processes share memory, one that finds the lock free takes it without asking anybody; that
// goes for the first 512 locks and semaphores that a process sends, until it has closed all that it has sent; later ones are slower.
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

// Acquire waits until the lock is free and takes it. Those that wait get it in the order in which they came; but for its first
// 30 µs who waits may only look whether the lock is free and nobody else waits, and somebody who comes later may take it then.
// A process that holds it and acquires it again waits, too, until another of its goroutines releases it. Errors, all of which
// mean that the caller does not have it: ctx's; ErrOwnerDied, once, if a process has died that held it, after which the lock
// is free; mp.ErrClosed.
func (l *Lock) Acquire(ctx context.Context) error {
	if l.grabs(ctx) {
		return nil
	}
	return l.acquire(ctx, "Lock.Acquire")
}

// grabs takes the lock if it can be seen from here to be free, or, while ctx lasts, to become so in a moment.
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

// Release gives the lock to the one that has waited longest, or frees it. In a process that does not hold it, it is an
// ErrNotHeld and changes nothing.
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

// letGo is Release for who would not hear of an error: the owner hears of it also when it is frozen now.
func (l *Lock) letGo() {
	if l.ref == nil {
		return // nobody has made it
	}
	freed := false
	if v := l.seen.Load(); v != nil { // or it was acquired by another handle, if at all
		freed, _ = v.free()
	}
	if !freed {
		l.ref.Post(opRelease, nil)
	}
	runtime.KeepAlive(l)
}

// Close ends the lock for everybody, if this process has made it: every Acquire returns mp.ErrClosed. In another process it ends
// the use of this handle only, with what waits through it, and gives nothing back that is held. A second Close does nothing.
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
