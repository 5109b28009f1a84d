//go:build !linux

package sys

import (
	"errors"
	"os"
)

// NewMemfd cannot be had here yet: links between processes run over sockets and pipes.
func NewMemfd(int) (*os.File, error) { return nil, errors.ErrUnsupported }

// MemoryRoom is none for that.
func MemoryRoom() uint64 { return 0 }

// MapMemfd has nothing to map.
func MapMemfd(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

// UnmapMemfd has nothing to unmap.
func UnmapMemfd([]byte) error { return errors.ErrUnsupported }
