package leak

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// descriptors maps the open descriptors to what they are. Those of the runtime's poller, and copies of standard error,
// are left out: they are made once.
func descriptors() map[string]string {
	stderr, _ := os.Readlink("/proc/self/fd/2")
	open := make(map[string]string)
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil || strings.Contains(target, "[eventpoll]") || strings.Contains(target, "[eventfd]") || target == stderr {
			continue
		}
		open[e.Name()] = target
	}
	return open
}

// processes lists our children, zombies among them.
func processes() (children []string) {
	paths, _ := filepath.Glob("/proc/self/task/*/children")
	for _, path := range paths {
		pids, _ := os.ReadFile(path)
		for _, pid := range strings.Fields(string(pids)) {
			stat, _ := os.ReadFile("/proc/" + pid + "/stat")
			children = append(children, fmt.Sprintf("child process %s: %s", pid, stat))
		}
	}
	return children
}
