package queue

import (
	"context"
	"fmt"
	"iter"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// AcknowledgedQueue is a queue whose items stay in it until who has got them says that they are done: Get returns a Delivery, and
// Delivery.Ack takes the item out. When a process ends that has items in its hands, killed at whatever moment, they come back as
// the first ones, in their old order, and whoever waits gets them. So every item is done at least once, and one that was
// in the hands of a process that died maybe more often. Python has no such queue; message brokers such as RabbitMQ have.
//
// In all else it is as a Queue, except that items that come back are late. A process that is frozen, or takes its time, keeps what
// it has in its hands: only its end gives that to others. Goroutines of the owner may get items, too.
//
// NewAcknowledged makes one. Its methods may be called by any goroutine at any time. It must not be copied: send and keep
// pointers to it.
type AcknowledgedQueue[T any] struct{ of Queue[T] }

// NewAcknowledged is New for an AcknowledgedQueue. With a capacity above 0, Put waits while there are as many items that are not
// acknowledged: an item in a hand keeps its room.
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

// Put is documented with Queue. An item with an end of a connection in it is an error: it moves to who gets it, and could not be given
// out again.
func (q *AcknowledgedQueue[T]) Put(ctx context.Context, v T) error { return q.of.Put(ctx, v) }

// TryPut is documented with Queue.
func (q *AcknowledgedQueue[T]) TryPut(v T) error { return q.of.TryPut(v) }

// Get takes an item into the hands of this process. It waits until there is one, or ctx ends. When the queue was closed and nothing
// is left, neither in it nor in hands that may still give it back, it returns ErrClosed. For an item that cannot
// be decoded it returns an error and a Delivery without a value, to be acknowledged or returned.
func (q *AcknowledgedQueue[T]) Get(ctx context.Context) (*Delivery[T], error) {
	return q.get(ctx, "Get", false)
}

// TryGet is Get that does not wait for an item: it returns ErrEmpty at once, also when all items are in hands, and in another process
// than the owner ErrTimeout after a second when nobody answers.
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

// lent makes sure that an item that was taken has a label, and that its files are ours.
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

// Len is how many items are in the queue, which includes those in hands: how many are not acknowledged. For the rest it is Queue's.
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
