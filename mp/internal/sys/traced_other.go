//go:build unix && !linux && !darwin

package sys

// Traced reports whether a debugger is attached to this process, if that can be known.
func Traced() (traced, known bool) { return false, false }
