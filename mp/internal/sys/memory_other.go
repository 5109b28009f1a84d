//go:build unix && !linux && !freebsd

package sys

import "errors"

// MeasuresMemory says whether ProcessMemory works here. macOS tells the memory of another process to C programs only.
const MeasuresMemory = false

// ProcessMemory is how many bytes of memory the process has now.
func ProcessMemory(int) (int64, error) { return 0, errors.ErrUnsupported }
