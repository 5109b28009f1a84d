package spawn

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// WithoutCgroups makes a test live where no cgroup can be had.
func WithoutCgroups(t testing.TB) {
	newCgroup = func(int64) (*sys.Cgroup, error) { return nil, sys.ErrNoCgroup }
	t.Cleanup(func() { newCgroup = sys.NewCgroup })
}
