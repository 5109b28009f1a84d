//go:build !linux

package sys

import (
	"errors"
	"os"
)

// Bell is not supported here yet: whatever wakes a process costs as much as a message over its socket or pipe.
type Bell struct{}

// NewBell is not supported.
func NewBell() (*Bell, error) { return nil, errors.ErrUnsupported }

// OpenBell is not supported.
func OpenBell(f *os.File) (*Bell, error) {
	f.Close()
	return nil, errors.ErrUnsupported
}

// Ring does nothing.
func (b *Bell) Ring() {}

// Wait does not wait.
func (b *Bell) Wait(func(fd uintptr) bool) error { return errors.ErrUnsupported }

// File is nil.
func (b *Bell) File() *os.File { return nil }

// Close has nothing to close.
func (b *Bell) Close() error { return nil }
