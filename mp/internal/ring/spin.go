package ring

import (
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// spinLimit is how long to look before sleeping: to be woken on another processor costs as much, and more CPU.
	spinLimit = 30 * time.Microsecond
	// patience is how many spins in a row may be in vain before some are left out, firstRest at first and at most lastRest.
	patience  = 3
	firstRest = 16
	lastRest  = 256
)

// spinners counts the goroutines of this process that spin. All but one of the processors may: the one that is waited for
// needs one, too.
var (
	spinners      atomic.Int32
	mayBeSpinning = int32(runtime.NumCPU()) - 1
)

// Spin looks for something before its owner sleeps, and less and less often when that was in vain. One goroutine at a time
// may use it.
type Spin struct {
	failed int // in a row
	rest   int // spins to be left out
}

// Until reports whether ready came true while it looked, which it does for 30 µs at most. On a single processor it looks
// once more after it has yielded.
func (s *Spin) Until(ready func() bool) bool {
	if ready() {
		return true
	}
	if mayBeSpinning == 0 {
		return yield(ready)
	}
	if s.rest > 0 {
		s.rest--
		return false
	}
	if spinners.Add(1) > mayBeSpinning {
		spinners.Add(-1)
		return false
	}
	defer spinners.Add(-1)
	for began := time.Now(); time.Since(began) < spinLimit; runtime.Gosched() {
		for range 8 {
			pause(8)
			if ready() {
				s.failed = 0
				return true
			}
		}
	}
	if s.failed++; s.failed >= patience {
		s.rest = min(firstRest<<(s.failed-patience), lastRest)
		s.failed = min(s.failed, patience+8)
	}
	return false
}
