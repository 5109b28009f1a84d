package queue

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

var (
	// ErrEmpty is returned by TryGet when there is no item: Python's queue.Empty.
	ErrEmpty = errors.New("mp: the queue is empty")
	// ErrFull is returned by TryPut when there is no room: Python's queue.Full.
	ErrFull = errors.New("mp: the queue is full")
)

func init() {
	spawn.RegisterError("mp.ErrEmpty", ErrEmpty)
	spawn.RegisterError("mp.ErrFull", ErrFull)
}

// Queue is a queue of items of type T, for goroutines of any number of processes. Its methods may be called by any of them
// at any time. It must not be copied: send and keep pointers to it. New makes one.
type Queue[T any] struct {
	queue
	codec *codec[T]
}

// New makes a queue that this process owns. With a capacity above 0 it is bounded: Put waits while there are as many items
// in it. New fails, with the path of the field, when a T cannot be sent to another process. The queue uses nothing of the
// system before it is first sent; from then on, Close it.
func New[T any](capacity int) (*Queue[T], error) {
	q := new(Queue[T])
	if err := q.make("NewQueue", "Queue", newBroker(capacity, false)); err != nil {
		return nil, err
	}
	return q, nil
}

// make makes q a queue of the type name that this process owns. verb is the function for errors.
func (q *Queue[T]) make(verb, name string, b *broker) (err error) {
	if q.codec, err = codecOf[T](verb); err == nil {
		q.own(name, b, kindOf[T](name))
	}
	return err
}

// Put adds an item. While the queue is full it waits until there is room, ctx ends, or the queue is closed. Put fails if v
// cannot be encoded; files in v stay the caller's. Once Put has returned nil, the item is in the queue, even if this
// process is killed, unless this process owns the queue: it is lost with its owner. After an error the item is not in the
// queue, unless the error says that it may arrive all the same. Python's put(block=True, timeout).
func (q *Queue[T]) Put(ctx context.Context, v T) error { return q.put(ctx, "Put", v, false) }

// TryPut is Put that does not wait for room: it returns ErrFull at once. In another process than the owner, it returns
// ErrTimeout if the owner does not answer within a second. Python's put_nowait.
func (q *Queue[T]) TryPut(v T) error { return q.put(context.Background(), "TryPut", v, true) }

// Get takes an item out of the queue. It waits until there is one, or ctx ends. When the queue was closed and nothing is
// left in it, Get returns ErrClosed. If an item cannot be decoded, Get returns an error, and the item is gone. Python's
// get(block=True, timeout).
func (q *Queue[T]) Get(ctx context.Context) (T, error) { return q.get(ctx, "Get", false) }

// TryGet is Get that does not wait for an item: it returns ErrEmpty at once. In another process than the owner, it returns
// ErrTimeout if the owner does not answer within a second. TryGet finds what other processes have put before: while such
// items are on their way, ErrEmpty takes up to 100 ms. Without shared memory they may come a moment later, see Len.
// Python's get_nowait.
func (q *Queue[T]) TryGet() (T, error) { return q.get(context.Background(), "TryGet", true) }

// All is an iterator over the results of Get. It ends, without an error, where Get would return ErrClosed: when the queue
// was closed and nothing is left in it, but also when its owner has died, whatever was still in it, or this handle was
// closed. When ctx has ended, All yields its error as soon as the loop body is done, even if there are items left, and
// ends. After an item that cannot be decoded, All goes on.
func (q *Queue[T]) All(ctx context.Context) iter.Seq2[T, error] { return all(&q.queue, ctx, q.Get) }

func all[V any](q *queue, ctx context.Context, get func(context.Context) (V, error)) iter.Seq2[V, error] {
	return func(yield func(V, error) bool) {
		for {
			v, err := get(ctx)
			if spawn.IsClosed(ctx, err) {
				return
			}
			if !yield(v, err) {
				return
			}
			if ctx.Err() != nil {
				if err == nil { // Get would go on as long as there are items
					var none V
					yield(none, q.failed("All", spawn.CtxError(ctx)))
				}
				return
			}
		}
	}
}

var errUnmade = fmt.Errorf("%w: it was not made by NewQueue, NewJoinableQueue or NewAcknowledged", spawn.Inner(spawn.ErrClosed))

func (q *Queue[T]) put(ctx context.Context, verb string, v T, now bool) error {
	if q.ref == nil {
		return fmt.Errorf("mp: Queue.%s: %w", verb, errUnmade)
	}
	d := q.codec.desk()
	d.v = v
	b := &d.b
	err := q.codec.Encode(b, &d.v)
	switch {
	case err != nil:
		err = fmt.Errorf("mp: %s.%s: the item cannot be sent: %w", q.name, verb, err)
	case len(b.Files) > link.MaxFiles:
		err = fmt.Errorf("mp: %s.%s: the item holds %d files, and a message carries %d at most", q.name, verb, len(b.Files), link.MaxFiles)
	case b.Boarded() && q.again:
		err = fmt.Errorf("mp: %s.%s: the item cannot be sent: the end of a connection in it moves to who gets it, and could not be given out again", q.name, verb)
	default:
		err = q.add(ctx, b, now)
		if _, half := err.(underWay); half || err == nil {
			b.Sent() // ends of connections have moved
		}
		err = q.failed(verb, whileWaiting(ctx, "room", err))
	}
	q.codec.clear(d)
	return err
}

func (q *Queue[T]) get(ctx context.Context, verb string, now bool) (v T, err error) {
	if q.ref == nil {
		return v, fmt.Errorf("mp: Queue.%s: %w", verb, errUnmade)
	}
	d := q.codec.desk()
	defer q.codec.clear(d)
	it, err := q.take(ctx, now, d.b.Data)
	if err != nil {
		return v, q.failed(verb, whileWaiting(ctx, "an item", err))
	}
	d.b.Data = it.data
	if err := q.codec.Decode(it.data, it.files, &d.v); err != nil {
		link.CloseAll(it.files)
		return v, fmt.Errorf("mp: %s.%s: the item cannot be decoded: %w", q.name, verb, err)
	}
	return d.v, nil
}
