//go:build !linux

package sys

import (
	"errors"
	"os"
)

// NewMemory cannot be had here yet: links between processes run over sockets and pipes.
func NewMemory(int) (*os.File, error) { return nil, errors.ErrUnsupported }

// MemoryRoom is none for that.
func MemoryRoom() uint64 { return 0 }

// MapMemory has nothing to map.
func MapMemory(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

// UnmapMemory has nothing to unmap.
func UnmapMemory([]byte) error { return errors.ErrUnsupported }
