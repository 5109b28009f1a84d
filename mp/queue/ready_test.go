package queue

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// waiting waits until want waiters wait for items.
func waiting(t *testing.T, b *broker, want int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		b.mu.Lock()
		n := b.gets.len()
		b.mu.Unlock()
		if n == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d wait instead of %d", n, want)
		}
	}
}

// Ready takes no item and does not hinder Gets. It is forgotten when its ctx or its process has ended.
func TestReady(t *testing.T) {
	leak.Check(t)
	q, err := New[int](0)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	ours, theirs := link.NewInProcess()
	ref := q.ref.Over(ours, theirs)
	if _, err := ref.Call(t.Context(), opOpen, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	here := func(ctx context.Context) error { _, err := q.Ready(ctx, true); return err }
	there := func(ctx context.Context) error {
		m, err := ref.Call(ctx, opReady, nil, nil, nil)
		m.Release()
		return shareError(ctx, err)
	}
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 4)
		for _, wait := range []func(context.Context) error{here, there, here, there} {
			go func() { ended <- wait(ctx) }()
		}
		waiting(t, q.broker, 4)
		cancel()
		for range 4 {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		waiting(t, q.broker, 0)
	}
	if ready, err := q.Ready(t.Context(), false); ready || err != nil {
		t.Error(ready, err)
	}
	ended := make(chan error, 4)
	for _, wait := range []func(context.Context) error{here, there, here, there} {
		go func() { ended <- wait(t.Context()) }()
	}
	waiting(t, q.broker, 4)
	got := make(chan int)
	go func() {
		v, _ := q.Get(t.Context()) // behind them
		got <- v
	}()
	waiting(t, q.broker, 5)
	if err := q.Put(t.Context(), 7); err != nil {
		t.Error(err)
	}
	for range 4 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if v := <-got; v != 7 {
		t.Error(v)
	}
	go there(t.Context())
	waiting(t, q.broker, 1)
	theirs.Close()
	waiting(t, q.broker, 0)
}
