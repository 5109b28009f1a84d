package sys

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Executable is the path that starts this very program again. The link in /proc names the running file itself, also
// after it was deleted or replaced.
func Executable() (string, error) {
	const self = "/proc/self/exe"
	if _, err := os.Lstat(self); err != nil {
		return "", fmt.Errorf("/proc, which leads to it, is not mounted here: %w", err)
	}
	return self, nil
}

// Replaced is false: what runs is what is started, whatever is done to its file.
func Replaced() bool { return false }

// SetProcessName sets the name that ps and top show for this process, that of its first thread; it is cut to 15 bytes.
// Without /proc it may do nothing.
func SetProcessName(name string) {
	if unix.Gettid() == unix.Getpid() { // faster; main begins on the first thread
		_ = setThreadName(name)
		return
	}
	_ = os.WriteFile("/proc/self/comm", []byte(name), 0)
}
