package queue

import (
	"context"
	"fmt"
	"iter"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// AcknowledgedQueue is a queue whose items stay in it until their consumers say that they are done: Get returns a Delivery,
// and Delivery.Ack takes the item out. When a process ends, or is killed at any moment, the items in its hands come back to
// the front of the queue, in their old order, for other consumers. So every item is done at least once. It may be done more
// often if it was in the hands of a process that died. Python has no such queue; message brokers such as RabbitMQ have.
//
// In all else it is as a Queue, except that an item that comes back may come out after later ones. A process that is frozen
// or slow keeps the items in its hands: only its end gives them to others. Goroutines of the owner may get items, too.
//
// NewAcknowledged makes one. Its methods may be called by any goroutine at any time. It must not be copied: send and keep
// pointers to it.
type AcknowledgedQueue[T any] struct{ of Queue[T] }

// NewAcknowledged is New for an AcknowledgedQueue. With a capacity above 0, Put waits while there are as many items that
// are not acknowledged: an item in a consumer's hands keeps its room.
func NewAcknowledged[T any](capacity int) (*AcknowledgedQueue[T], error) {
	q := new(AcknowledgedQueue[T])
	q.of.again = true
	b := newBroker(capacity, false)
	b.held = make(map[uint64]item)
	if err := q.of.make("NewAcknowledged", acknowledged, b); err != nil {
		return nil, err
	}
	return q, nil
}

const acknowledged = "AcknowledgedQueue"

// Put is documented with Queue. An item that holds an end of a connection is an error: the end would move to the consumer,
// so that the item could not be given out again.
func (q *AcknowledgedQueue[T]) Put(ctx context.Context, v T) error { return q.of.Put(ctx, v) }

// TryPut is documented with Queue.
func (q *AcknowledgedQueue[T]) TryPut(v T) error { return q.of.TryPut(v) }

// Get takes an item into the hands of this process. It waits until there is one, or ctx ends. It returns ErrClosed when the
// queue was closed and no items are left, neither in it nor in hands from which they may come back. For an item that cannot
// be decoded, Get returns an error and a Delivery without a value, which the caller acknowledges or returns.
func (q *AcknowledgedQueue[T]) Get(ctx context.Context) (*Delivery[T], error) {
	return q.get(ctx, "Get", false)
}

// TryGet is Get that does not wait for an item: it returns ErrEmpty at once, even if there are items in consumers' hands.
// In another process than the owner, it returns ErrTimeout if the owner does not answer within a second.
func (q *AcknowledgedQueue[T]) TryGet() (*Delivery[T], error) {
	return q.get(context.Background(), "TryGet", true)
}

// All is an iterator over what Get returns. It ends as that of a Queue does.
func (q *AcknowledgedQueue[T]) All(ctx context.Context) iter.Seq2[*Delivery[T], error] {
	return all(&q.of.queue, ctx, q.Get)
}

func (q *AcknowledgedQueue[T]) get(ctx context.Context, verb string, now bool) (*Delivery[T], error) {
	it, err := q.of.take(ctx, now, nil)
	if err == nil {
		err = q.of.lent(&it)
	}
	if err != nil {
		return nil, q.of.failed(verb, whileWaiting(ctx, "an item", err))
	}
	d := newDelivery[T](&q.of.queue, it)
	if err := q.of.codec.Decode(it.data[labelSize:], it.files, &d.Value); err != nil {
		link.CloseAll(it.files)
		var none T
		d.Value = none
		return d, fmt.Errorf("mp: %s.%s: the item cannot be decoded: %w", acknowledged, verb, err)
	}
	return d, nil
}

// lent checks that a taken item has a label. In the owner it gives the item files of its own, as the broker keeps those
// that it has.
func (q *queue) lent(it *item) (err error) {
	if len(it.data) < labelSize {
		link.CloseAll(it.files)
		return errItems
	}
	if b := q.broker; b != nil {
		if it.files, err = link.Dup(it.files); err != nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.settleItem(b.held, opUnget, it.number)
		}
	}
	return err
}

// Len is how many items are not acknowledged: those in the queue, and those in consumers' hands. In all else it is as Len
// of a Queue.
func (q *AcknowledgedQueue[T]) Len() int { return q.of.Len() }

// Cap is the capacity; 0: it is unbounded.
func (q *AcknowledgedQueue[T]) Cap() int { return q.of.Cap() }

// Close is documented with Queue. What this process has in its hands can still be acknowledged or returned.
func (q *AcknowledgedQueue[T]) Close() error { return q.of.Close() }

// Ready is documented with Queue.
func (q *AcknowledgedQueue[T]) Ready(ctx context.Context, wait bool) (bool, error) {
	return q.of.Ready(ctx, wait)
}

// String says what it is.
func (q *AcknowledgedQueue[T]) String() string { return q.of.String() }

// IsHandle is documented with Queue.
func (q *AcknowledgedQueue[T]) IsHandle() {}

// EncodeMsgpack is documented with Queue.
func (q *AcknowledgedQueue[T]) EncodeMsgpack(enc *wire.Encoder) error { return q.of.encode(enc) }

// DecodeMsgpack is documented with Queue.
func (q *AcknowledgedQueue[T]) DecodeMsgpack(dec *wire.Decoder) error {
	q.of.again = true
	return q.of.read(dec, acknowledged)
}

// MarshalJSON fails, and says why.
func (q *AcknowledgedQueue[T]) MarshalJSON() ([]byte, error) { return q.of.MarshalJSON() }
