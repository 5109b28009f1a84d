package spawn

import (
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/popen"
)

// WithoutCgroups lets a test run as on a system without cgroups.
func WithoutCgroups(t testing.TB) {
	newCgroup = func(int64) (*sys.Cgroup, error) { return nil, sys.ErrNoCgroup }
	t.Cleanup(func() { newCgroup = sys.NewCgroup })
}

// Unseen makes every look at a child's memory return err in a test.
func Unseen(t testing.TB, err error) {
	memoryOf = func(*popen.Process) (int64, error) { return 0, err }
	t.Cleanup(func() { memoryOf = (*popen.Process).Memory })
}

// WithoutWatching makes every child look empty to the library in a test, so that only the kernel enforces memory limits.
func WithoutWatching(t testing.TB) {
	Unseen(t, nil)
}

// BootLimit sets how long a child may take to get ready in a test.
func BootLimit(t testing.TB, limit time.Duration) {
	before := bootLimit
	bootLimit = limit
	t.Cleanup(func() { bootLimit = before })
}

// Late makes Start apply a child's limits in a test only after the child has ended and was reaped. The child's cgroup is the
// current directory.
func Late(t testing.TB) {
	newCgroup = func(int64) (*sys.Cgroup, error) { return new(sys.Cgroup), nil }
	memoryOf = func(p *popen.Process) (int64, error) { <-p.Done(); return 0, nil }
	t.Cleanup(func() { newCgroup, memoryOf = sys.NewCgroup, (*popen.Process).Memory })
}
