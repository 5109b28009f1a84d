// Package leak checks, at the end of a test, that nothing is left of what it started: no child process, no zombie, no
// open descriptor, no goroutine. Only tests import it.
package leak

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// patience is how long what a test has closed may take to go away.
const patience = 10 * time.Second

// Check notes what there is now, and fails t if there is more when t ends. Call it first in a test, so that its check comes
// last.
func Check(t testing.TB) {
	t.Helper()
	files, goroutines := descriptors(), goroutineIDs()
	t.Cleanup(func() {
		var left []string
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			left = append(processes(), added(files, descriptors(), "descriptor")...)
			left = append(left, added(goroutines, goroutineIDs(), "goroutine")...)
			if len(left) == 0 {
				return
			}
			if time.Now().After(deadline) {
				break
			}
		}
		t.Errorf("left behind by this test:\n%s", strings.Join(left, "\n"))
	})
}

// CheckUncollected is Check for a test in which no garbage is collected: a collection would close files that are left open.
func CheckUncollected(t testing.TB) {
	t.Helper()
	percent := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent) }) // after the check
	Check(t)
}

func added(before, after map[string]string, what string) (more []string) {
	for id, text := range after {
		if old, found := before[id]; !found || what == "descriptor" && old != text {
			more = append(more, fmt.Sprintf("%s %s: %s", what, id, text))
		}
	}
	return more
}

// permanent goroutines begin with the first process or signal and stay for ever, by design.
var permanent = []string{"popen.startProcesses", "os/signal.loop", "os/signal.signal_recv", "testing.(*F).Fuzz"}

// goroutineIDs maps the running goroutines to their stacks.
func goroutineIDs() map[string]string {
	buf := make([]byte, 1<<20)
	for n := runtime.Stack(buf, true); n == len(buf); n = runtime.Stack(buf, true) {
		buf = make([]byte, 2*len(buf))
	}
	buf = buf[:runtime.Stack(buf, true)]
	ids := make(map[string]string)
next:
	for _, stack := range strings.Split(string(buf), "\n\n") {
		for _, p := range permanent {
			if strings.Contains(stack, p) {
				continue next
			}
		}
		id, _, _ := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
		ids[id] = stack
	}
	return ids
}
