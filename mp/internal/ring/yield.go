package ring

import (
	"sync/atomic"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// On a single processor nothing comes while one looks, nor where so much else is done that the other process gets no other one,
// which is what it may mean that looking was in vain. To let the other process have it, once, costs a third of what it costs to
// sleep and be woken, unless that is not the only one that wants it: one that computes keeps it for milliseconds. So there is an
// account of what was lost: each wait pays back a part of what a yield saves, and nobody yields while the debt is large.
const (
	yieldSaves   = 2 * time.Microsecond
	mostLost     = 10 * time.Millisecond
	mostLostOnce = 100 * time.Millisecond // it may have been stopped
)

var lost atomic.Int64 // nanoseconds; of this process

// yield lets another process have the processor, if that pays, and reports whether ready is true then.
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
