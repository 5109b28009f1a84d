package queue

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// ahead makes a queue of the numbers from 0 on, and a client that has the first ones ahead.
func ahead(t *testing.T, numbers, first int) (*Queue[int], *client) {
	t.Helper()
	q, err := New[int](0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range numbers {
		q.TryPut(i)
	}
	c := &client{aheadWord: share.Word{Uint64: new(atomic.Uint64)}, target: 1}
	b := q.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clients[nil], b.all = c, []*client{c}
	b.send(c, first)
	return q, c
}

// A slow consumer keeps the items that it has ahead from a waiter that has got later ones: the order stays. A consumer that
// stands still loses its items. PY-QUEUE-20
func TestSlowIsNotStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, slow := ahead(t, 10, 5)
		for range 5 { // this process gets the later items
			q.TryGet()
		}
		var got atomic.Int64
		go func() {
			v, _ := q.Get(context.Background())
			got.Store(int64(v))
		}()
		for range 4 {
			time.Sleep(stillness - time.Millisecond)
			slow.aheadWord.Store(uint64(aheadWord(slow.aheadWord.Load()).taken()))
			if v := got.Load(); v != 0 {
				t.Fatalf("%d was taken from one that goes on", v)
			}
		}
		time.Sleep(2 * stillness)
		if v := got.Load(); v != 4 {
			t.Errorf("got %d", v)
		}
	})
}

// If calm comes too late to stop the timer, the timer does not take clients for standing still.
func TestCalmedTooLate(t *testing.T) {
	q, err := New[int](0)
	if err != nil {
		t.Fatal(err)
	}
	q.TryPut(1)
	c := &client{aheadWord: share.Word{Uint64: new(atomic.Uint64)}, target: 1}
	b := q.broker
	b.mu.Lock()
	b.clients[nil], b.all = c, []*client{c}
	b.send(c, 1)
	b.bePatient()
	time.Sleep(stillness * 6 / 5) // the timer fires, and waits for b.mu
	b.calm()
	b.bePatient()
	begin := time.Now()
	b.mu.Unlock()
	for time.Since(begin) < stillness/2 {
		b.mu.Lock()
		if c.stuck && time.Since(begin) < stillness {
			t.Error("it stands still already")
		}
		b.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
}

// Every "now or never" waiter waits up to arrivalTime for items on their way, however long earlier ones have waited.
func TestNeverIsEachOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, err := New[uint64](0)
		if err != nil {
			t.Fatal(err)
		}
		c := &client{used: share.Word{Uint64: new(atomic.Uint64)}, target: 1}
		b := q.broker
		b.mu.Lock()
		b.clients[nil], b.all = c, []*client{c}
		c.grant(unboundedRoom)
		b.mu.Unlock()
		arrive := func(after time.Duration, v uint64) {
			c.used.Add(1)
			time.AfterFunc(after, func() {
				b.mu.Lock()
				defer b.mu.Unlock()
				c.useUp(1)
				b.add(item{data: binary.LittleEndian.AppendUint64(nil, v)})
				b.distribute()
			})
		}
		for i := range uint64(5) {
			arrive(arrivalTime-time.Millisecond, i)
			if v, err := q.TryGet(); v != i || err != nil {
				t.Error(v, err)
			}
			time.Sleep(time.Duration(i) * time.Millisecond / 2)
		}
		arrive(arrivalTime+time.Millisecond, 7)
		begin := time.Now()
		if _, err := q.TryGet(); !errors.Is(err, ErrEmpty) || time.Since(begin) != arrivalTime {
			t.Error(err, time.Since(begin))
		}
	})
}

// The broker does not hold a client that already has items ahead, which another of its goroutines has asked for.
func TestHoldNotForMore(t *testing.T) {
	q, c := ahead(t, 3, 1)
	b := q.broker
	b.mu.Lock()
	c.target = 100
	c.fed = time.Now().Add(time.Hour)
	held := make(chan struct{})
	go func() {
		b.hold(c)
		b.mu.Unlock()
		close(held)
	}()
	select {
	case <-held:
	case <-time.After(10 * time.Second):
		b.mu.Lock()
		b.closed = true // ends hold
		b.mu.Unlock()
		t.Error("it was held")
	}
}

// The broker holds a client that asks again right after it got items, until there are several. Meanwhile others can use the
// queue.
func TestHold(t *testing.T) {
	leak.Check(t)
	q, err := New[int](0)
	if err != nil {
		t.Fatal(err)
	}
	q.TryPut(0)
	ref, leave := stranger(q)
	if _, err := ref.Call(t.Context(), opLook, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	b := q.broker
	b.mu.Lock()
	c := b.all[0]
	c.aheadWord.Uint64 = new(atomic.Uint64)
	c.target, c.fed = 2, time.Now().Add(time.Hour)
	b.mu.Unlock()
	got := make(chan error)
	go func() {
		m, err := ref.Call(t.Context(), opGet, binary.LittleEndian.AppendUint64(nil, 0), nil, nil)
		m.Release()
		got <- err
	}()
	for held := false; !held; time.Sleep(time.Millisecond) {
		b.mu.Lock()
		held = c.hungry
		b.mu.Unlock()
	}
	for i := range 2*4 - 1 { // opGet doubles the target to 4, and the broker holds for twice the target; one item is there
		select {
		case err := <-got:
			t.Fatal("it has got what was there at once", err)
		default:
		}
		q.TryPut(i)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
	leave()
	finish(q)
}
