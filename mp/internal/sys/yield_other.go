//go:build !linux

package sys

import "runtime"

// Yield lets another goroutine have the processor. Processes do not wait for each other in shared memory here.
func Yield() { runtime.Gosched() }
