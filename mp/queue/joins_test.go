package queue

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// valve is an end of a link at which nothing arrives while the mutex is locked.
type valve struct {
	link.Link
	sync.Mutex
}

func (v *valve) Recv() (link.Msg, error) {
	m, err := v.Link.Recv()
	v.Lock()
	defer v.Unlock()
	return m, err
}

// If the ctx of a Join ends while the answer is on its way, the next Join reports the lost items. This holds after any number
// of such Joins.
func TestJoinTooLate(t *testing.T) {
	leak.Check(t)
	q, err := NewJoinable[int](0)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	b := q.broker
	lose := func() {
		t.Helper()
		b.mu.Lock()
		b.lost++
		b.mu.Unlock()
	}
	lose()
	if lost, err := q.join(t.Context()); lost != 1 || err != nil {
		t.Error(lost, err)
	}
	lose()
	if err := q.Put(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	ours, theirs := link.NewInProcess()
	slow := &valve{Link: theirs}
	there := &queue{ref: q.ref.Over(ours, slow)}
	there.life, there.end = context.WithCancel(context.Background())
	ctx, cancel := context.WithCancel(t.Context())
	joined := make(chan error)
	for range 2 {
		go func() {
			_, err := there.join(ctx)
			joined <- err
		}()
	}
	until(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.joins) == 2
	})
	slow.Lock()
	if err := q.TaskDone(); err != nil {
		t.Error(err)
	}
	cancel() // the broker has answered both Joins, but the valve holds up the answers
	for range 2 {
		if err := <-joined; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	slow.Unlock()
	until(t, func() bool {
		lost, err := q.join(t.Context())
		if lost > 1 || err != nil {
			t.Error(lost, err)
		}
		return lost == 1
	})
	there.end()
	theirs.Close()
}

// The client gets the answer to the last TaskDone before a closed queue ends.
func TestLastDoneOfAClosedQueue(t *testing.T) {
	leak.Check(t)
	q, err := NewJoinable[int](0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		q.TryPut(i)
	}
	ours, theirs := link.NewInProcess()
	defer theirs.Close()
	there := &JoinableQueue[int]{Queue[int]{codec: q.codec}}
	there.ref = q.ref.Over(ours, theirs)
	there.life, there.end = context.WithCancel(context.Background())
	defer there.end()
	for i := range 2 {
		if v, err := there.Get(t.Context()); v != i || err != nil {
			t.Fatal(v, err)
		}
	}
	q.Close()
	for range 2 {
		if err := there.TaskDone(); err != nil {
			t.Error(err)
		}
	}
	if err := q.Join(t.Context()); err != nil {
		t.Error(err)
	}
}

func until(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}
