package ring

import (
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Spinning is useless on a single processor, and on a machine so busy that the other process gets no other processor; spins that
// fail may mean that. Yielding the processor to the other process once costs a third of sleeping and being woken. But a third
// process that computes may take the processor and keep it for milliseconds. So this process keeps an account of the time lost:
// a long yield adds to the debt, each wait pays back what a yield saves, and while the debt is large, no goroutine yields.
const (
	yieldSaves   = 2 * time.Microsecond
	mostLost     = 10 * time.Millisecond
	mostLostOnce = 100 * time.Millisecond // a longer one may be a process that was stopped
)

var lost atomic.Int64 // the debt, in nanoseconds

// yield yields the processor, if that pays, and reports whether ready is true afterwards.
func yield(ready func() bool) bool {
	if debt := lost.Load(); debt > 0 {
		debt = lost.Add(-int64(min(yieldSaves, time.Duration(debt))))
		if debt > int64(mostLost) {
			return false
		}
	}
	began := time.Now()
	sys.Yield()
	if took := time.Since(began); took > spinLimit {
		lost.Add(int64(min(took, mostLostOnce)))
	}
	return ready()
}
