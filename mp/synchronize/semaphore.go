package synchronize

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Semaphore is a counter: Acquire takes one from it and waits while it is zero, Release adds one. They need not come from
// the same process, and the counter may exceed its initial value. So a process that ends gives nothing back: what it has
// acquired may have been used up. For places that their holder gives back, there is [BoundedSemaphore].
//
// It is sent by pointer. It must not be copied. Where processes share memory, Acquire and Release do not ask the owner
// while there are no waiters and Acquire need not wait; [Lock] tells for how many semaphores.
type Semaphore struct{ worded }

// BoundedSemaphore is a number of places, which processes take with Acquire and give back with Release. The places of a process
// that ends are free again. It is sent by pointer. It must not be copied.
type BoundedSemaphore struct{ handle }

// NewSemaphore makes a semaphore that counts n, which may be 0.
func NewSemaphore(n int) (*Semaphore, error) {
	switch {
	case n < 0:
		return nil, fmt.Errorf("mp: NewSemaphore(%d): it cannot be negative", n)
	case uint64(n) > mostPermits:
		return nil, fmt.Errorf("mp: NewSemaphore(%d): it cannot be more than %d", n, uint64(mostPermits))
	}
	s := new(Semaphore)
	p := newPermits(n, false)
	s.refer(share.New("Semaphore", p))
	s.seen.Store(&p.here)
	return s, nil
}

// NewBoundedSemaphore makes a semaphore with n places, at least 1.
func NewBoundedSemaphore(n int) (*BoundedSemaphore, error) {
	switch {
	case n < 1:
		return nil, fmt.Errorf("mp: NewBoundedSemaphore(%d): there must be at least 1 place", n)
	case uint64(n) > mostPermits:
		return nil, fmt.Errorf("mp: NewBoundedSemaphore(%d): there cannot be more than %d places", n, uint64(mostPermits))
	}
	s := new(BoundedSemaphore)
	s.refer(share.New("BoundedSemaphore", newPermits(n, true)))
	return s, nil
}

// Acquire takes one, and waits while there is none. Waiters are served in the order in which they came, except during their
// first 30 µs, as with [Lock.Acquire]. After an error, ctx's or mp.ErrClosed, nothing was taken.
func (s *Semaphore) Acquire(ctx context.Context) error {
	const what = "Semaphore.Acquire"
	if s.quick((*view).take) || ctx.Err() == nil && s.look((*view).take) {
		return nil
	}
	err := s.acquire(ctx, what)
	if err == nil {
		s.confirm()
	}
	return err
}

// TryAcquire takes one if there is one, and reports whether it did.
func (s *Semaphore) TryAcquire() (bool, error) {
	const what = "Semaphore.TryAcquire"
	if s.quick((*view).take) {
		return true, nil
	}
	ok, err := s.try(what)
	if ok {
		s.confirm()
	}
	return ok, err
}

// confirm tells the owner that this process has got what it was given. The message must be out of this process when the
// caller goes on and perhaps ends it.
func (s *Semaphore) confirm() {
	ctx := patient(glance)
	defer ctx.End()
	if err := s.ref.Send(ctx, opHeard, nil, nil, nil); err == share.ErrEnded { // the owner was stopped just now
		s.ref.Post(opHeard, nil)
	}
}

// Release adds one; any process may call it. Only the first Release of a handle may wait for the owner, but what this
// process asks afterwards finds each of them done. So Release may return nil although the owner has closed the semaphore,
// if this process has not heard of that yet.
func (s *Semaphore) Release() error {
	const what = "Semaphore.Release"
	if s.quick((*view).put) {
		return nil
	}
	v := s.seen.Load()
	if v == nil {
		return s.releaseFirst(what)
	}
	if err := s.tell(what, opRelease); err != nil {
		return err
	}
	if v.over() {
		return failure(context.Background(), what, share.ErrGone)
	}
	return nil
}

// releaseFirst is Release by a handle that has no view. If the word is not there, or not enough, it tells the owner, and then
// waits for an answer: the semaphore may be closed, and the view not hear of that. What was told counts, however late the owner
// takes it.
func (s *Semaphore) releaseFirst(what string) error {
	if err := s.usable(what); err != nil {
		return err
	}
	ctx := patient(patience)
	defer ctx.End()
	v, err := s.watch(ctx)
	if err != nil {
		return failure(ctx, what, err)
	}
	if !v.put() {
		if err := s.ref.Send(ctx, opRelease, nil, nil, nil); err != nil {
			return failure(ctx, what, err)
		}
		if _, err := s.call(ctx, what, opState, nil, nil); err != nil && !errors.Is(err, errSilent) {
			return err
		}
	}
	s.seen.Store(v)
	return nil
}

// Value is the counter now. It is get_value.
func (s *Semaphore) Value() (int, error) {
	n, _, err := s.state("Semaphore.Value")
	return int(n), err
}

// Close ends the semaphore for all processes, if this one made it. In another process it ends only this handle and the
// waits through it.
func (s *Semaphore) Close() error { return s.close() }

// String shows the value.
func (s *Semaphore) String() string { return s.text("Semaphore", value) }

// Acquire takes a place, and waits while there is none. Waiters are served in the order in which they came. After an error,
// ctx's or mp.ErrClosed, nothing was taken.
func (s *BoundedSemaphore) Acquire(ctx context.Context) error {
	return s.acquire(ctx, "BoundedSemaphore.Acquire")
}

// TryAcquire takes a place if there is one, and reports whether it did.
func (s *BoundedSemaphore) TryAcquire() (bool, error) {
	return s.try(patient(patience), "BoundedSemaphore.TryAcquire")
}

// Release gives back a place that this process has taken. In a process that has none, Release returns ErrNotHeld and
// changes nothing.
func (s *BoundedSemaphore) Release() error {
	_, err := s.ask("BoundedSemaphore.Release", opRelease, nil)
	return err
}

// Value is how many places are free now.
func (s *BoundedSemaphore) Value() (int, error) {
	n, _, err := s.state("BoundedSemaphore.Value")
	return int(n), err
}

// Close ends the semaphore for all processes, if this one made it. In another process it ends only this handle and the
// waits through it.
func (s *BoundedSemaphore) Close() error { return s.close() }

// String shows how many places are free.
func (s *BoundedSemaphore) String() string { return s.text("BoundedSemaphore", value) }

func value(n uint64, _ string) string { return fmt.Sprintf("value=%d", n) }

// IsHandle marks the type: it travels by pointer.
func (s *Semaphore) IsHandle() {}

// EncodeMsgpack is for this library's messages; it fails in others, and after Close.
func (s *Semaphore) EncodeMsgpack(enc *wire.Encoder) error { return s.encode(enc, "Semaphore") }

// DecodeMsgpack is for this library's messages.
func (s *Semaphore) DecodeMsgpack(dec *wire.Decoder) error { return s.decode(dec, "Semaphore") }

// MarshalJSON fails: a semaphore cannot be written down.
func (s *Semaphore) MarshalJSON() ([]byte, error) { return nil, wire.NotJSON("Semaphore") }

// IsHandle marks the type: it travels by pointer.
func (s *BoundedSemaphore) IsHandle() {}

// EncodeMsgpack is for this library's messages; it fails in others, and after Close.
func (s *BoundedSemaphore) EncodeMsgpack(enc *wire.Encoder) error {
	return s.encode(enc, "BoundedSemaphore")
}

// DecodeMsgpack is for this library's messages.
func (s *BoundedSemaphore) DecodeMsgpack(dec *wire.Decoder) error {
	return s.decode(dec, "BoundedSemaphore")
}

// MarshalJSON fails: a semaphore cannot be written down.
func (s *BoundedSemaphore) MarshalJSON() ([]byte, error) {
	return nil, wire.NotJSON("BoundedSemaphore")
}
