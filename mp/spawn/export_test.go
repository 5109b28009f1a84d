package spawn

import (
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/popen"
)

// WithoutCgroups makes a test live where no cgroup can be had.
func WithoutCgroups(t testing.TB) {
	newCgroup = func(int64) (*sys.Cgroup, error) { return nil, sys.ErrNoCgroup }
	t.Cleanup(func() { newCgroup = sys.NewCgroup })
}

// Unseen makes a test live where the memory of a child cannot be looked at.
func Unseen(t testing.TB, err error) {
	memoryOf = func(*popen.Process) (int64, error) { return 0, err }
	t.Cleanup(func() { memoryOf = (*popen.Process).Memory })
}

// WithoutWatching leaves a test alone with the kernel.
func WithoutWatching(t testing.TB) {
	Unseen(t, nil)
}

// BootLimit gives children that much time to get ready in a test.
func BootLimit(t testing.TB, limit time.Duration) {
	before := bootLimit
	bootLimit = limit
	t.Cleanup(func() { bootLimit = before })
}

// Late makes a test live where every child has ended, and was reaped, before it is fenced in. The cgroup that it would get is the
// current directory.
func Late(t testing.TB) {
	newCgroup = func(int64) (*sys.Cgroup, error) { return new(sys.Cgroup), nil }
	memoryOf = func(p *popen.Process) (int64, error) { <-p.Done(); return 0, nil }
	t.Cleanup(func() { newCgroup, memoryOf = sys.NewCgroup, (*popen.Process).Memory })
}
