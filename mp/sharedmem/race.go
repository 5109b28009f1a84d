//go:build race

package sharedmem

import "sync/atomic"

// shadows stand in for the words in shared memory, at which the race detector does not look: without them, it would take
// what goroutines do before and after an operation of a value for a race. Values that share one hide a race at worst.
var shadows [1024]atomic.Uint32

// order tells the race detector that an atomic operation happens here.
func order(id uint64) { shadows[id%uint64(len(shadows))].Add(1) }
