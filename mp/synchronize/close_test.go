package synchronize_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// A lock that its maker closes while its own goroutines and other processes are at it.
func TestCloseDuringEverything(t *testing.T) {
	leak.Check(t)
	n := made(sharedmem.NewValue(int64(0)))(t)
	for range 20 {
		l := made(synchronize.NewLock())(t)
		p := start(t, kit{How: "count", Lock: l, N: n, Times: 1 << 30})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				var err error
				for err == nil {
					if err = l.Acquire(t.Context()); err == nil {
						err = l.Release()
					}
				}
				if !errors.Is(err, mp.ErrClosed) {
					t.Error(err)
				}
			})
		}
		time.Sleep(rand.N(5 * time.Millisecond))
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if _, err := p.Result(t.Context()); !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
	}
}
