package queue

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Delivery is an item of an AcknowledgedQueue in the hands of the process that got it. It stays there until a goroutine
// calls Ack or Return, also after Close. A Delivery that is dropped without either is returned when the garbage collector
// finds it. It must not be copied.
type Delivery[T any] struct {
	_ sync.Mutex // so that vet finds copies

	// Value is the item.
	Value T
	// Redelivered is how often the item was given out before and came back, because it was returned or its consumer died.
	// It tells which item kills every consumer; Ack puts that item aside.
	Redelivered int

	hand *hand
}

// Ack takes the item out of the queue: it is done. Once Ack has returned nil, no consumer gets the item again, even if this
// process is killed at once. Ack does not wait for an answer. In another process than the queue's owner, it fails with
// ErrTimeout if the owner takes in nothing for a second; it may be called again then, unless the error says that it may
// arrive all the same. It returns ErrClosed when the owner is known to have ended. Calling it twice, or after Return, is an
// error.
func (d *Delivery[T]) Ack() error { return d.settle("Ack", opAck) }

// Return gives the item back. It is the queue's first again, or has its old place among others that came back, and goes to
// a waiting consumer at once; this process may get it again, too. Return waits and fails as Ack does.
func (d *Delivery[T]) Return() error { return d.settle("Return", opReturn) }

func (d *Delivery[T]) settle(verb string, op link.Kind) error {
	defer runtime.KeepAlive(d) // or its cleanup could return the item meanwhile
	err := errNoDelivery
	if d.hand != nil {
		err = d.hand.settle(op)
	}
	if err != nil {
		return fmt.Errorf("mp: Delivery.%s: %w", verb, spawn.Inner(err))
	}
	d.hand.cleanup.Stop()
	return nil
}

var (
	errNoDelivery = errors.New("it was not got from a queue")
	errSettled    = errors.New("it was acknowledged or returned before")
)

// newDelivery makes a delivery of an item with a label, without its value.
func newDelivery[T any](q *queue, it item) *Delivery[T] {
	d := &Delivery[T]{Redelivered: int(number(it.data[labelReturn:])), hand: &hand{queue: q, number: number(it.data)}}
	d.hand.cleanup = runtime.AddCleanup(d, (*hand).drop, d.hand)
	return d
}

// hand is the part of a Delivery that its cleanup needs. It keeps the queue alive.
type hand struct {
	queue   *queue
	number  uint64
	settled atomic.Bool
	cleanup runtime.Cleanup
}

// settle tells the broker what becomes of the item, once.
func (h *hand) settle(op link.Kind) error {
	if h.settled.Swap(true) {
		return errSettled
	}
	q := h.queue
	if b := q.broker; b != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.settleItem(b.held, op, h.number)
		return nil
	}
	ctx := &share.Patient{Limit: patience, Cause: errSilent}
	defer ctx.End()
	err := q.ref.Send(ctx, op, h.body(), nil, nil)
	if err != nil && err != share.ErrUnderWay {
		h.settled.Store(false)
	}
	return shareError(ctx, err)
}

// drop returns the item, if its Delivery was collected without Ack or Return.
func (h *hand) drop() {
	switch {
	case h.settled.Load():
	case h.queue.broker != nil:
		_ = h.settle(opReturn)
	default:
		h.queue.ref.Post(opReturn, h.body())
	}
}

func (h *hand) body() []byte { return numbered(h.number) }
