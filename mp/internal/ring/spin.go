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
// needs one, too. Those of Look go first, and the others sleep meanwhile: else the one that receives what a lock is handed over by
// would keep the one that wants the lock from looking, and so it would be handed over in that slow way for ever.
var (
	spinners      atomic.Int32
	lookers       atomic.Int32
	mayBeSpinning = int32(runtime.NumCPU()) - 1
)

// Spin looks for something before its owner sleeps, and less and less often when that was in vain. One goroutine at a time
// may use it.
type Spin struct {
	failed int // in a row
	rest   int // spins to be left out
}

// Look reports whether ready came true while it looked, which it does for 30 µs at most. On a single processor,
// and while spins are left out, it looks once more after it has yielded.
func (s *Spin) Look(ready func() bool) bool {
	return s.look(ready, &lookers, func() bool { return false })
}

// until is Look for who waits for messages.
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
