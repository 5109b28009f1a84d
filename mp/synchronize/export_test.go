package synchronize

import (
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// SetPatience sets how long calls without a ctx wait in this test.
func SetPatience(t *testing.T, d time.Duration) {
	old := patience
	patience = d
	t.Cleanup(func() { patience = old })
}

// SetGlance sets how long a call waits whose ctx has ended before. The function returned undoes that.
func SetGlance(d time.Duration) func() {
	old := glance
	glance = d
	return func() { glance = old }
}

// WaitingFor is how many wait for a semaphore of this process, bounded or not.
func WaitingFor(s interface{ object() share.Object }) int {
	p := s.object().(*permits)
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}

func (h *handle) object() share.Object { return h.ref.Object() }

// Waiting is how many wait for a lock of this process.
func Waiting(l *Lock) int {
	p := l.ref.Object().(*mutex)
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}

// Across is a handle of b as another process would have it, over a link without shared memory.
func Across(b *Barrier) *Barrier {
	there := new(Barrier)
	there.refer(b.ref.Over(link.NewInProcess()))
	return there
}
