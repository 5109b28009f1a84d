package synchronize

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Lock is held by one process at a time, and by one goroutine there. It is sent by pointer. It must not be copied.
//
// It belongs to the process: any goroutine of the one that has acquired it may release it, and no other process, which is where
// it differs from Python's. Where processes share memory, one that finds the lock free takes it without asking anybody; that
// goes for the first 512 locks that a process sends in its life, and later ones are slower.
type Lock struct {
	handle
	seen atomic.Pointer[view] // nil: not used yet
}

// NewLock makes a lock that nobody holds.
func NewLock() (*Lock, error) {
	m := newMutex()
	l := new(Lock)
	l.ref = share.New("Lock", m)
	l.seen.Store(&m.here)
	return l, nil
}

// Acquire waits until the lock is free and takes it; those that wait get it in the order in which they came. A process that
// holds it and acquires it again waits, too, until another of its goroutines releases it. Errors, all of which mean that
// the caller does not have it: ctx's; ErrOwnerDied, once, if a process has died that held it, after which the lock is free;
// mp.ErrClosed.
func (l *Lock) Acquire(ctx context.Context) error {
	if l.grab() {
		return nil
	}
	return l.wait(ctx, "Lock.Acquire")
}

// grab takes the lock if it can be had without the owner.
func (l *Lock) grab() bool {
	v := l.seen.Load()
	ok := v != nil && !l.closed.Load() && v.grab()
	runtime.KeepAlive(l) // the owner takes a process without a handle for dead
	return ok
}

// wait asks the owner for the lock.
func (l *Lock) wait(ctx context.Context, what string) error {
	body, err := l.acquire(ctx, what)
	if err != nil {
		return err
	}
	return l.got(ctx, body)
}

// got is called with the answer that has brought the lock.
func (l *Lock) got(ctx context.Context, body []byte) error {
	v, err := l.view(context.WithoutCancel(ctx))
	if err != nil {
		return failure(ctx, "Lock.Acquire", err)
	}
	number, _ := readState(body)
	v.adopt(l.ref, number)
	v.shadow.order()
	return nil
}

// view is how this process sees the lock. The owner was connected to before.
func (l *Lock) view(ctx context.Context) (*view, error) {
	if v := l.seen.Load(); v != nil {
		return v, nil
	}
	w, err := l.ref.Watch(ctx, func() share.Watcher { return new(view) })
	if err != nil {
		return nil, err
	}
	v := w.(*view)
	l.seen.Store(v)
	return v, nil
}

// TryAcquire takes the lock if it is free, and reports whether it did. It is acquire(block=False).
func (l *Lock) TryAcquire() (bool, error) {
	if l.grab() {
		return true, nil
	}
	if v := l.seen.Load(); v != nil && !l.closed.Load() && v.taken() {
		return false, nil
	}
	ok, body, err := l.try("Lock.TryAcquire")
	if ok {
		err = l.got(context.Background(), body)
	}
	return err == nil && ok, err
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
	_, err := l.ask("Lock.Release", opRelease, nil, nil)
	return err
}

// Close ends the lock for everybody, if this process has made it: every Acquire returns mp.ErrClosed. In another process it ends
// the use of this handle only, and gives nothing back that is held. A second Close does nothing.
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
func (l *Lock) EncodeMsgpack(enc *wire.Encoder) error {
	if l.ref != nil && !l.closed.Load() {
		if m, ours := l.ref.Object().(*mutex); ours {
			if err := m.publish(l.ref); err != nil {
				return fmt.Errorf("mp: sending a Lock: %w", err)
			}
		}
	}
	return l.encode(enc, "Lock")
}

// DecodeMsgpack is for this library's messages.
func (l *Lock) DecodeMsgpack(dec *wire.Decoder) error {
	if err := l.decode(dec, "Lock"); err != nil {
		return err
	}
	if m, ours := l.ref.Object().(*mutex); ours {
		l.seen.Store(&m.here)
	}
	return nil
}

// MarshalJSON fails: a lock cannot be written down.
func (l *Lock) MarshalJSON() ([]byte, error) { return nil, errText("Lock") }
