package dataloader

import (
	"testing"
	"time"
)

// CallOffFloor sets how long a worker has at least to drop its orders in a test. Call it before the test makes a loader.
func CallOffFloor(t testing.TB, d time.Duration) {
	old := callOffFloor
	callOffFloor = d
	t.Cleanup(func() { callOffFloor = old })
}

// Unanswered is how many workers of l have an order to drop all others, or a deadline, left.
func Unanswered[B any](l *Loader[B]) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.members {
		if m != nil && (m.due.off || !m.due.at.IsZero()) {
			n++
		}
	}
	return n
}
