package pool

import (
	"context"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// once has the numbers that third was called with.
var once sync.Map

// third fails at every third number, the first time.
var third = spawn.Register("pool.third", func(_ context.Context, n int) (int, error) {
	if _, again := once.LoadOrStore(n, true); n%3 == 0 && !again {
		return 0, errOdd
	}
	return n, nil
})

// The failed attempts of an item are forgotten when it has its outcome, as a call may have no end. So are suspects.
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
			for c := range p.calls { // a worker has died with the next ones
				c.loses(&chunk{from: 1000, count: 10})
			}
			p.mu.Unlock()
		}
		if n == 3000 {
			p.mu.Lock()
			for c := range p.calls {
				if len(c.tries) > 500 || len(c.lost) > 0 { // of 1000 that have failed
					t.Errorf("%d tries and %d suspects are known", len(c.tries), len(c.lost))
				}
			}
			p.mu.Unlock()
			break
		}
	}
}
