package queue

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// If the owner refuses room to a Put that has already ended, the client gives back none: it would be the room that another Put
// of this client was granted.
func TestRefusedTooLate(t *testing.T) {
	leak.Check(t)
	q, err := New[int](1)
	if err != nil {
		t.Fatal(err)
	}
	item := encoded(t, q, 7)
	ref, leave := stranger(q)
	ask := func() {
		t.Helper()
		if _, err := ref.Call(t.Context(), opLook, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := ref.Call(t.Context(), opRoom, nil, nil, nil); m.Kind != ansYes || err != nil {
		t.Fatal(m.Kind, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	refused := make(chan error)
	q.broker.mu.Lock()
	go func() {
		_, err := new(remote).askRoom(ctx, ref, true)
		refused <- err
	}()
	until(t, func() bool { return q.broker.wanted.Load() == 1 })
	cancel() // the owner answers before it reads of the end of ctx
	err = <-refused
	q.broker.mu.Unlock()
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for range 100 { // until the owner has also received what the client sends after the late answer
		ask()
	}
	if err := ref.Send(t.Context(), opPut, item, nil, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if v, err := q.Get(ctx); v != 7 || err != nil {
		t.Error(v, err)
	}
	ask()
	leave()
	finish(q)
}

// encoded returns v as the body of a message that puts it into q.
func encoded[T any](t *testing.T, q *Queue[T], v T) []byte {
	t.Helper()
	d := q.codec.desk()
	defer q.codec.clear(d)
	d.v = v
	if err := q.codec.Encode(&d.b, &d.v); err != nil {
		t.Fatal(err)
	}
	return append([]byte(nil), d.b.Data...)
}
