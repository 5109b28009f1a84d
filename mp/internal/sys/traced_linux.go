package sys

import (
	"os"
	"strings"
)

// Traced reports whether a debugger is attached to this process.
func Traced() bool {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, found := strings.Cut(string(status), "\nTracerPid:\t")
	return found && !strings.HasPrefix(rest, "0\n")
}
