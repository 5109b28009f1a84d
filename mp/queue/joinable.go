package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// JoinableQueue is a Queue that knows when all that was put into it is done: consumers call TaskDone for each item, and
// Join waits for the last one. NewJoinable makes one. Python's JoinableQueue.
type JoinableQueue[T any] struct{ Queue[T] }

// NewJoinable is New for a JoinableQueue.
func NewJoinable[T any](capacity int) (*JoinableQueue[T], error) {
	q := new(JoinableQueue[T])
	if err := q.make("NewJoinableQueue", joinable, newBroker(capacity, true)); err != nil {
		return nil, err
	}
	return q, nil
}

const joinable = "JoinableQueue"

var errTooMany = errors.New("mp: JoinableQueue.TaskDone: it was called more often than there were items")

// TaskDone says that an item that this process got is done. Calling it more often than items were put is an error. In
// another process than the owner, it fails if the owner does not answer within a second; the call may still count later, so
// do not repeat it for the item. Until then this process must keep a handle of the queue: without any it counts as
// dead, as the comment of the package says.
func (q *JoinableQueue[T]) TaskDone() error {
	if q.broker != nil {
		if q.broker.taskDone() == ansWrong {
			return errTooMany
		}
		return nil
	}
	if _, err := q.dial(context.Background(), true); err != nil {
		return q.failed("TaskDone", err)
	}
	ctx, stop := q.until(context.Background(), true)
	defer stop()
	m, err := call(ctx, q.ref, opDone, nil, nil, nil)
	if err != nil {
		return q.failed("TaskDone", err)
	}
	defer m.Release()
	if m.Kind == ansWrong {
		return errTooMany
	}
	return nil
}

// Join waits until every item that was put is done, or ctx ends. Without shared memory, it waits only for items that have
// come to the owner. An item in the hands of a process that died counts as done: Join waits for the others, and then
// returns an error with the number of such items since the last Join. All Joins that waited at the same time return that
// error. Items that are still in the queue are not done: when all consumers have died, Join waits for them until ctx ends.
//
// If the ctx of a Join ends just then, a later Join reports these items, perhaps with some that others have reported at
// that time or since; if the queue was closed and is empty by then, no Join does. If the process of a Join is killed just
// then, its report is lost.
func (q *JoinableQueue[T]) Join(ctx context.Context) error {
	lost, err := q.join(ctx)
	if err != nil {
		return q.failed("Join", err)
	}
	if lost > 0 {
		return fmt.Errorf("mp: JoinableQueue.Join: items were not done when the processes that had got them died: %d", lost)
	}
	return nil
}

func (q *queue) join(ctx context.Context) (lost int, err error) {
	if q.broker != nil {
		return q.broker.awaitDone(ctx)
	}
	if ctx.Err() != nil {
		short := glanceFor(ctx)
		defer short.End()
		return q.join(short)
	}
	if _, err := q.dial(ctx, false); err != nil {
		return 0, err
	}
	ctx, stop := q.until(ctx, false)
	defer stop()
	m, err := call(ctx, q.ref, opJoin, nil, nil, func(m link.Msg) {
		defer m.Release()
		m.CloseFiles()
		q.ref.Post(opUntold, rest(m.Body))
	})
	if err != nil {
		return 0, err
	}
	defer m.Release()
	return int(number(m.Body)), nil
}

// IsHandle is documented with Queue.
func (q *JoinableQueue[T]) IsHandle() {}

// EncodeMsgpack is documented with Queue.
func (q *JoinableQueue[T]) EncodeMsgpack(enc *wire.Encoder) error { return q.encode(enc) }

// DecodeMsgpack is documented with Queue.
func (q *JoinableQueue[T]) DecodeMsgpack(dec *wire.Decoder) error { return q.read(dec, joinable) }
