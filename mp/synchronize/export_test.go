package synchronize

import (
	"testing"
	"time"
)

// SetPatience sets how long calls without a ctx wait in this test.
func SetPatience(t *testing.T, d time.Duration) {
	old := patience
	patience = d
	t.Cleanup(func() { patience = old })
}

// Waiting is how many wait for a lock of this process.
func Waiting(l *Lock) int {
	p := l.ref.Object().(*mutex)
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}
