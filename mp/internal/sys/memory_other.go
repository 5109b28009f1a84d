//go:build unix && !linux && !freebsd

package sys

import "errors"

// MeasuresMemory says whether ProcessMemory works here. On macOS only C programs can read the memory use of another process.
const MeasuresMemory = false

// ProcessMemory is how many bytes of memory the process has now.
func ProcessMemory(int) (int64, error) { return 0, errors.ErrUnsupported }
