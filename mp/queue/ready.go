package queue

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Ready reports whether Get would return without waiting: there is an item, or nothing will come any more since the queue
// was closed and is drained, its owner has ended, or this handle was closed. It takes no item, so that another consumer may
// be faster. If wait is true it waits for that until ctx ends; otherwise ctx bounds how long it waits for the owner's
// answer. It is for connection.Wait.
func (q *queue) Ready(ctx context.Context, wait bool) (bool, error) {
	ready, err := q.ready(ctx, wait)
	if spawn.IsClosed(ctx, err) {
		return true, nil
	}
	return ready, q.failed("Ready", err)
}

func (q *queue) ready(ctx context.Context, wait bool) (bool, error) {
	if q.broker != nil {
		return q.broker.ready(ctx, wait)
	}
	r, err := q.dial(ctx, false)
	if err != nil {
		return false, err
	}
	if r.hasAhead() {
		return true, nil
	}
	ctx, stop := q.until(ctx, false)
	defer stop()
	m, err := call(ctx, q.ref, opReady, body(!wait), ErrEmpty, nil)
	m.Release()
	return yes(err)
}

// hasAhead reports whether this process has items ahead, which the broker may still take back.
func (r *remote) hasAhead() bool {
	return r.aheadWord.Uint64 != nil && aheadWord(r.aheadWord.Load()).left() > 0
}

// ready is Ready for goroutines of the owner.
func (b *broker) ready(ctx context.Context, wait bool) (bool, error) {
	w := &waiter{answer: make(chan answer, 1), looks: true, now: !wait}
	b.mu.Lock()
	b.addLooker(w)
	b.mu.Unlock()
	a, err := b.wait(ctx, w)
	if err == nil {
		err = a.err(ErrEmpty)
	}
	return yes(err)
}

// addLooker adds a waiter that takes nothing. It waits for its turn, as Get would. b.mu is held.
func (b *broker) addLooker(w *waiter) {
	b.gets.push(w)
	b.distribute()
}

// yes turns the error that Get would return into the answer of Ready.
func yes(err error) (bool, error) {
	if err == ErrEmpty {
		return false, nil
	}
	return err == nil, err
}
