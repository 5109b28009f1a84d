package queue

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// A consumer that is slow keeps what it has ahead, and its order; one that stands still does not. PY-QUEUE-20
func TestSlowIsNotStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, err := New[int](0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			q.TryPut(i)
		}
		slow := &client{aheadWord: share.Word{Uint64: new(atomic.Uint64)}, target: 1}
		b := q.broker
		b.mu.Lock()
		b.clients[nil], b.all = slow, []*client{slow}
		b.send(slow, 5)
		b.mu.Unlock()
		for range 5 { // this process has later ones
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
