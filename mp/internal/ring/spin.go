package ring

import (
	"runtime"
	"sync/atomic"
	"time"
)

const (
	// spinLimit is how long a waiter spins before it sleeps. A wake-up on another processor takes as long, and more CPU.
	spinLimit = 30 * time.Microsecond
	// patience is how many spins in a row may fail before some are left out: firstRest at first, and at most lastRest.
	patience  = 3
	firstRest = 16
	lastRest  = 256
)

// spinners and lookers count the goroutines of this process that spin, in until and in Look. Of each, there may be one less than
// there are processors: the process that they wait for needs one, too. Goroutines spinning for a lock (Look) have priority, and
// the others sleep meanwhile. Otherwise the receiver of handover messages would take the spin slot, and every handover would go
// the slow way.
var (
	spinners      atomic.Int32
	lookers       atomic.Int32
	mayBeSpinning = int32(runtime.NumCPU()) - 1
)

// Spin checks a condition for a while before its owner sleeps, and does so less often while that fails. One goroutine at a time
// may use it.
type Spin struct {
	failed int // in a row
	rest   int // how many spins to leave out
}

// Look reports whether ready came true while it spun, for 30 µs at most. On a single processor, and while spins are left out, it
// yields the processor and checks ready once.
func (s *Spin) Look(ready func() bool) bool {
	return s.look(ready, &lookers, func() bool { return false })
}

// until is Look for receivers and senders of messages.
func (s *Spin) until(ready func() bool) bool {
	return s.look(ready, &spinners, func() bool { return lookers.Load() > 0 })
}

func (s *Spin) look(ready func() bool, among *atomic.Int32, stop func() bool) bool {
	if ready() {
		return true
	}
	if mayBeSpinning == 0 {
		return yield(ready)
	}
	if s.rest > 0 {
		s.rest--
		return yield(ready)
	}
	if among.Add(1) > mayBeSpinning {
		among.Add(-1)
		return false
	}
	defer among.Add(-1)
	for began := time.Now(); time.Since(began) < spinLimit; runtime.Gosched() {
		if stop() {
			return false
		}
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
