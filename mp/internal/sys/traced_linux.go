package sys

import (
	"os"
	"strings"
)

// Traced reports whether a debugger is attached to this process, if that can be known. It asks for the calling thread: a debugger
// takes one after the other and stops it, so who is told of it goes on when the debugger has all of them and says so.
func Traced() (traced, known bool) {
	status, _ := os.ReadFile("/proc/thread-self/status")
	_, rest, found := strings.Cut(string(status), "\nTracerPid:\t")
	return !strings.HasPrefix(rest, "0\n"), found
}
