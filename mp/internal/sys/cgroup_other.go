//go:build !linux

package sys

// Cgroup is a thing of Linux.
type Cgroup struct{}

// NewCgroup makes none.
func NewCgroup(int64) (*Cgroup, error) { return nil, ErrNoCgroup }

// Add is never called.
func (*Cgroup) Add(int) error { return ErrNoCgroup }

// OOMKills is never called.
func (*Cgroup) OOMKills() (int, error) { return 0, ErrNoCgroup }

// Remove is never called.
func (*Cgroup) Remove() error { return nil }

// OOMKills knows nothing here: what the kernel killed for want of memory is not told.
func OOMKills() (int, error) { return 0, ErrNoCgroup }
