//go:build unix && !linux && !darwin

package sys

// Traced cannot tell here: a process that would wait for a debugger goes on.
func Traced() bool { return true }
