package queue

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// slow is a valve that sends no item while puts is locked.
type slow struct {
	valve
	puts sync.Mutex
}

func (s *slow) Send(m link.Msg) error {
	if m.Kind == opPut {
		s.puts.Lock()
		defer s.puts.Unlock()
	}
	return s.valve.Send(m)
}

// A call whose ctx has ended before does not wait for an owner that does not answer. An item that comes too late is given
// back. If an item that was put may still arrive, the error says so.
func TestGlance(t *testing.T) {
	leak.Check(t)
	q, err := New[int](0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := link.NewInProcess()
	far := &slow{valve: valve{Link: theirs}}
	there := &Queue[int]{codec: q.codec}
	there.name, there.ref = "Queue", q.ref.Over(ours, far)
	there.life, there.end = context.WithCancel(context.Background())
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, when := range []string{"unknown", "known"} {
		if err := q.TryPut(1); err != nil {
			t.Fatal(err)
		}
		far.Lock()
		_, err := there.Get(over)
		far.Unlock()
		if !errors.Is(err, context.Canceled) || errors.Is(err, spawn.ErrTimeout) {
			t.Errorf("Get, %s: %v", when, err)
		}
		if v, err := q.Get(t.Context()); v != 1 || err != nil {
			t.Error(v, err)
		}
		if n := there.Len(); n != 0 { // from here on, the handle knows its owner
			t.Errorf("%d items", n)
		}
	}
	far.puts.Lock()
	until(t, func() bool { // on a busy machine, the Put may end before it is granted room
		err = there.Put(over, 2)
		_, half := errors.AsType[underWay](err)
		return half
	})
	far.puts.Unlock()
	if !errors.Is(err, context.Canceled) || errors.Is(err, spawn.ErrTimeout) {
		t.Errorf("Put: %v", err)
	}
	if v, err := q.Get(t.Context()); v != 2 || err != nil {
		t.Error(v, err)
	}
	there.Close()
	theirs.Close()
	finish(q)
}
