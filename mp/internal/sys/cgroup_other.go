//go:build !linux

package sys

// Cgroup exists on Linux only.
type Cgroup struct{}

// NewCgroup is not supported.
func NewCgroup(int64) (*Cgroup, error) { return nil, ErrNoCgroup }

// Add is never called.
func (*Cgroup) Add(int) error { return ErrNoCgroup }

// OOMKills is never called.
func (*Cgroup) OOMKills() (int, error) { return 0, ErrNoCgroup }

// Remove is never called.
func (*Cgroup) Remove() error { return nil }

// OOMKills is not supported: the system does not tell what it has killed for lack of memory.
func OOMKills() (int, error) { return 0, ErrNoCgroup }
