package queue

import (
	"bytes"
	"context"
	"runtime"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// This file is how goroutines of the owner use the broker: directly.

// makeWay yields to goroutines that wait for the broker on behalf of other processes. A goroutine that puts or gets in a
// loop would keep the mutex from them for up to a millisecond: it takes it again before they have woken up.
func (b *broker) makeWay() {
	if b.wanted.Load() > 0 {
		runtime.Gosched()
	}
}

// put adds an item. Its bytes stay the caller's; its files are the broker's. now: if there is no room, it returns ErrFull.
func (b *broker) put(ctx context.Context, it item, now bool) error {
	b.makeWay()
	b.mu.Lock()
	if b.puts.len() == 0 && b.makeRoom() > 0 {
		b.add(it)
		if b.due() {
			b.distribute()
		}
		b.mu.Unlock()
		return nil
	}
	it.data = bytes.Clone(it.data)
	w := &waiter{item: it, answer: make(chan answer, 1), now: now}
	b.puts.push(w)
	b.distribute()
	b.mu.Unlock()
	a, err := b.wait(ctx, w)
	if err == nil {
		err = a.err(ErrFull)
	}
	if err != nil {
		link.CloseAll(it.files)
	}
	return err
}

// get takes an item; its bytes lie in buf if they fit.
func (b *broker) get(ctx context.Context, now bool, buf []byte) (item, error) {
	b.makeWay()
	b.mu.Lock()
	it, ok := b.first(buf)
	if !ok && !now && b.rings > 0 && !b.spinning {
		b.spinning = true
		b.mu.Unlock()
		b.spin.Look(func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			it, ok = b.first(buf)
			return ok || b.closed
		})
		b.mu.Lock()
		b.spinning = false
	}
	if ok {
		b.mu.Unlock()
		return it, nil
	}
	w := &waiter{answer: make(chan answer, 1), now: now}
	b.gets.push(w)
	b.distribute()
	b.mu.Unlock()
	a, err := b.wait(ctx, w)
	if err == nil {
		err = a.err(ErrEmpty)
	}
	return a.item, err
}

// drainEach is after how many items a consumer in this process looks for more, so that the rings of producers do not get
// full.
const drainEach = 64

// first takes the first item, if there is one and no other consumer waits for it. b.mu is held.
func (b *broker) first(buf []byte) (it item, ok bool) {
	if b.items.len()%drainEach == 0 {
		b.drain()
	}
	if b.gets.len() > 0 || b.items.len() == 0 {
		return it, false
	}
	it = b.pop(buf)
	b.got = max(b.got, it.number)
	if b.puts.len() > 0 || b.closed {
		b.distribute()
	}
	return it, true
}

// wait waits for the answer until ctx ends. If the answer is there by then, it counts.
func (b *broker) wait(ctx context.Context, w *waiter) (answer, error) {
	if w.now && !w.looks {
		ctx = context.Background() // the broker answers soon
	}
	select {
	case a := <-w.answer:
		return a, nil
	default:
	}
	select {
	case a := <-w.answer:
		return a, nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	forgotten := b.forget(func(o *waiter) bool { return o == w })
	b.mu.Unlock()
	if forgotten {
		return answer{}, spawn.CtxError(ctx)
	}
	return <-w.answer, nil
}

// err is the error that an answer stands for; no is that of ansNo.
func (a *answer) err(no error) error {
	switch a.kind {
	case ansNo:
		return no
	case ansClosed:
		return spawn.ErrClosed
	}
	return nil
}

func (b *broker) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.len()
}

func (b *broker) taskDone() link.Kind {
	b.mu.Lock()
	defer b.mu.Unlock()
	kind := b.done(nil)
	b.allDone()
	return kind
}

// awaitDone waits until all is done, and returns how many were lost.
func (b *broker) awaitDone(ctx context.Context) (lost int, err error) {
	w := &waiter{answer: make(chan answer, 1)}
	b.mu.Lock()
	b.joins = append(b.joins, w)
	b.distribute()
	b.mu.Unlock()
	a, err := b.wait(ctx, w)
	return a.n, err
}
