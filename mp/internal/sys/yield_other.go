//go:build !linux

package sys

import "runtime"

// Yield lets another goroutine have the processor: processes do not share memory here that they would wait for.
func Yield() { runtime.Gosched() }
