//go:build race

package sharedmem

import "sync/atomic"

// shadows stand in for the words in shared memory, which the race detector does not see. Without them, it would report a race
// between goroutines that an operation on a value orders. Two values with the same shadow hide a race at worst.
var shadows [1024]atomic.Uint32

// order tells the race detector that an atomic operation happens here.
func order(id uint64) { shadows[id%uint64(len(shadows))].Add(1) }
