//go:build !unix

package main

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
)

// mapFile is only needed for the incident, which cannot happen here: Windows,
// for one, refuses to truncate a file while it is mapped.
func mapFile(name string, size int) ([]byte, error) {
	return nil, fmt.Errorf("mapping %s on %s: %w", name, runtime.GOOS, errors.ErrUnsupported)
}

func signalName(s syscall.Signal) string { return s.String() }
