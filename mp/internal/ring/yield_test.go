package ring_test

import (
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
)

// After much time was lost by yielding, waiters sleep at once, until enough waits have paid it back.
func TestYieldsOnAccount(t *testing.T) {
	defer ring.Lost.Store(0)
	yes := func() bool { return true }
	ring.Lost.Store(int64(10*time.Millisecond + 5*time.Microsecond))
	for i, want := range []bool{false, false, true} {
		if got := ring.Yield(yes); got != want {
			t.Errorf("wait %d: %v", i, got)
		}
	}
	ring.Lost.Store(1)
	if ring.Yield(func() bool { return false }) {
		t.Error("nothing has come")
	}
	if n := ring.Lost.Load(); n < 0 {
		t.Errorf("%d is more than was owed", n)
	}
}
