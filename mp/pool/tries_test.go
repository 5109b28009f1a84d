package pool

import (
	"context"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// once holds the numbers that third was called with.
var once sync.Map

// third fails for every third number, the first time that it gets the number.
var third = spawn.Register("pool.third", func(_ context.Context, n int) (int, error) {
	if _, again := once.LoadOrStore(n, true); n%3 == 0 && !again {
		return 0, errOdd
	}
	return n, nil
})

// The pool forgets the failed attempts of an item, and that it is a suspect, when the item has its outcome: a call may have
// no end.
func TestTriesAreForgotten(t *testing.T) {
	leak.Check(t)
	p, err := New(t.Context(), &Options{InProcess: true, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	numbers := func(yield func(int) bool) {
		for n := 0; yield(n); n++ {
		}
	}
	n := 0
	for v, err := range IMap(t.Context(), p, third, numbers, Retries(1)) {
		if v != n || err != nil {
			t.Fatal(v, err)
		}
		if n++; n == 1 {
			p.mu.Lock()
			for c := range p.calls { // as when a worker dies with items that are still to come
				c.loses(&chunk{from: 1000, count: 10})
			}
			p.mu.Unlock()
		}
		if n == 3000 {
			p.mu.Lock()
			for c := range p.calls {
				if len(c.tries) > 500 || len(c.lost) > 0 { // although 1000 items have failed
					t.Errorf("%d tries and %d suspects are known", len(c.tries), len(c.lost))
				}
			}
			p.mu.Unlock()
			break
		}
	}
}
