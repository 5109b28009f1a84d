package sys

import (
	"os"
	"strings"
)

// Traced reports whether a debugger is attached to this process, if that can be known.
func Traced() (traced, known bool) {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, found := strings.Cut(string(status), "\nTracerPid:\t")
	return !strings.HasPrefix(rest, "0\n"), found
}
