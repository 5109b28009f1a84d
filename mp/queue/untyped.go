package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// queue is the part of a queue that does not depend on T: its items are encoded.
type queue struct {
	_        sync.Mutex // so that vet finds copies
	name     string     // of its type, without T
	ref      *share.Ref
	broker   *broker // of the owner; nil in another process
	capacity int
	again    bool // an AcknowledgedQueue: its items may be given out again

	remote atomic.Pointer[remote] // in another process, once it is known
	closed atomic.Bool            // this handle, in another process
	life   context.Context        // ends with Close, in another process
	end    context.CancelFunc
}

func (q *queue) own(name string, b *broker, kind string) {
	q.name, q.broker, q.capacity = name, b, b.capacity
	q.ref = share.New(kind, b)
	b.ref = q.ref
}

// add adds the item that b holds.
func (q *queue) add(ctx context.Context, b *wire.Buffer, now bool) error {
	if q.broker != nil {
		files, err := link.Dup(b.Files)
		if err != nil {
			return err
		}
		return q.broker.put(ctx, item{data: b.Data, files: files}, now)
	}
	if !now && ctx.Err() != nil {
		short := glanceFor(ctx)
		err := q.add(short, b, true)
		short.End()
		return err
	}
	r, err := q.dial(ctx, now)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(q)
	if r.out.write(r, q.ref, b.Data, b.Files) == byRing {
		return nil
	}
	ctx, stop := q.until(ctx, now)
	defer stop()
	return r.put(ctx, q.ref, b.Data, b.Files, now)
}

// take takes an encoded item; its bytes lie in buf if they fit.
func (q *queue) take(ctx context.Context, now bool, buf []byte) (item, error) {
	if q.broker != nil {
		return q.broker.get(ctx, now, buf)
	}
	if !now && ctx.Err() != nil {
		short := glanceFor(ctx)
		it, err := q.take(short, true, buf)
		short.End()
		return it, err
	}
	r, err := q.dial(ctx, now)
	if err != nil {
		return item{}, err
	}
	defer runtime.KeepAlive(q)
	if it, ok := r.take(q.ref, buf); ok {
		return it, nil
	}
	ctx, stop := q.until(ctx, now)
	defer stop()
	it, err := r.get(ctx, q.ref, now, buf)
	if err == nil && r.aheadWord.Uint64 == nil && !q.again { // else the broker knows what this process has
		q.ref.Post(opTook, nil)
	}
	return it, err
}

// patience is how long a call that does not wait for items or room waits for the owner's answer.
var patience = time.Second // changed by tests

var errSilent = fmt.Errorf("%w: its owner does not answer", spawn.ErrTimeout)

// glance is how long a call whose ctx has ended before waits for an answer.
var glance = share.Glance // changed by tests

// glanceFor is the ctx for such a call.
func glanceFor(ctx context.Context) *share.Patient {
	return &share.Patient{Limit: glance, Cause: overdue{spawn.CtxError(ctx)}}
}

// overdue is the error of a ctx that had ended before the call.
type overdue struct{ error }

// dial returns what this process knows about a queue of another process. If now, it waits for the owner for patience at
// most.
func (q *queue) dial(ctx context.Context, now bool) (*remote, error) {
	switch {
	case q.ref == nil:
		return nil, errUnmade
	case q.closed.Load():
		return nil, spawn.ErrClosed
	}
	if r := q.remote.Load(); r != nil {
		return r, nil
	}
	ctx, stop := q.until(ctx, now)
	defer stop()
	r, err := dial(ctx, q.ref)
	if err == nil {
		q.remote.Store(r)
	}
	return r, err
}

// until returns a ctx that also ends with Close of this handle or, if now, after patience, unless it is a Patient, which has a limit
// and a cause of its own.
func (q *queue) until(ctx context.Context, now bool) (context.Context, func()) {
	_, bounded := ctx.(*share.Patient)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(q.life, func() { cancel(errShut) })
	if !now || bounded {
		return ctx, func() {
			stop()
			cancel(nil)
		}
	}
	timer := time.AfterFunc(patience, func() { cancel(errSilent) })
	return ctx, func() {
		timer.Stop()
		stop()
		cancel(nil)
	}
}

// whileWaiting adds to ctx's error what the call waited for.
func whileWaiting(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil && (err == ErrEmpty || err == ErrFull) { // it had ended before, so the call did not wait
		err = spawn.CtxError(ctx)
	}
	if _, half := err.(underWay); half || ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("waiting for %s: %w", what, err)
}

// errShut is ErrClosed where nothing else says why.
var errShut = fmt.Errorf("%w: the queue was closed, in the process that made it or this one", spawn.Inner(spawn.ErrClosed))

// failed makes the error of a method.
func (q *queue) failed(verb string, err error) error {
	name := cmp.Or(q.name, "Queue") // never made
	if err == nil || err == ErrEmpty || err == ErrFull {
		return err
	}
	if err == spawn.ErrClosed {
		err = errShut
	}
	return fmt.Errorf("mp: %s.%s: %w", name, verb, spawn.Inner(err))
}

// Len is how many items are in the queue now. It counts what other processes have put before; without shared memory, once
// that has come to the owner. In another process than the owner, Len is 0 when the queue is gone, or the owner does not
// answer within a second. Python's qsize.
func (q *queue) Len() int {
	if q.broker != nil {
		return q.broker.size()
	}
	if _, err := q.dial(context.Background(), true); err != nil {
		return 0
	}
	ctx, stop := q.until(context.Background(), true)
	defer stop()
	m, err := call(ctx, q.ref, opLen, nil, nil, nil)
	if err != nil {
		return 0
	}
	defer m.Release()
	return int(number(m.Body))
}

// Cap is the capacity; 0: it is unbounded.
func (q *queue) Cap() int { return q.capacity }

// Close ends the queue. In its owner that is for all processes: Put returns ErrClosed, also a Put that waits for room. What
// is in the queue can still be got; then Get returns ErrClosed, too. In another process it ends this handle only, as
// Python's close does, and the queue goes on: its owner closes it, when the producers have ended. It does not wait, and may
// be called again.
func (q *queue) Close() error {
	switch {
	case q.broker != nil:
		q.broker.close()
	case q.ref != nil:
		q.closed.Store(true)
		q.end()
	}
	return nil
}

// String says what it is.
func (q *queue) String() string {
	capacity := "unbounded"
	if q.capacity > 0 {
		capacity = fmt.Sprint("capacity ", q.capacity)
	}
	whose := "of another process"
	switch {
	case q.ref == nil:
		return "<Queue, never made>"
	case q.broker != nil:
		whose = fmt.Sprintf("of this process, %d items", q.Len())
	}
	return fmt.Sprintf("<%s %s, %s>", q.name, capacity, whose)
}
