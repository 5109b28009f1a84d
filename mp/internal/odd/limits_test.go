//go:build linux

package odd_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A pool that needs more descriptors than there are fails as a whole, and its error names the limit. Then a smaller pool
// works.
func TestFewDescriptors(t *testing.T) {
	need(t, "prlimit")
	r := run(t, "start many left start map", nil, "prlimit", "--nofile=256:256", static(t, "old"))
	expectLines(t, r, started, "cannot be started: too many open files: a child needs about six descriptors here; raise the limit (ulimit -n) or start fewer",
		"left: 0", started, mapped)
}

// When a user may not have more processes, Start's error names the limit. Threads count too. If the Go runtime, in the
// program or in a child, is the first to need one, it gives up; with a low limit either may happen. Nothing hangs, and no
// process is left.
func TestFewProcesses(t *testing.T) {
	needRoot(t, "prlimit", "setpriv")
	dir := "DIR=" + install(t)
	told := 0
	for limit := 5; limit <= 65; limit += 6 {
		user := 1<<24 + os.Getpid() // a user without other processes
		r := run(t, "start many left", []string{dir}, "unshare", asUser(t, user, fmt.Sprintf("prlimit --nproc=%d", limit), "/tmp/place")...)
		if r.Code == 2 && gaveUp.MatchString(r.Stderr) {
			continue
		}
		if strings.Contains(r.Stdout, "cannot be started: the limit on processes is reached (ulimit -u, or pids.max of the cgroup)") {
			told++
		} else if !strings.Contains(r.Stdout, "fatal error: newosproc") {
			t.Errorf("limit %d: %+v", limit, r)
		}
		if !strings.HasSuffix(r.Stdout, "left: 0\n") {
			t.Errorf("limit %d: %+v", limit, r)
		}
	}
	if told == 0 {
		t.Error("the limit was never named")
	}
}

// Start and Map work however many arguments, variables and descriptors the program was given, and whichever of its standard
// streams are missing. PY-BOOT-06, PY-BOOT-07, PY-PROC-25
func TestInherited(t *testing.T) {
	program := static(t, "old")
	var env []string
	for i := range 1000 {
		env = append(env, fmt.Sprintf("MP_TEST_FILL_%d=%s", i, strings.Repeat("x", 1024)))
	}
	env = append(env, "MP_TEST_LONGEST="+strings.Repeat("x", 128<<10-len("MP_TEST_LONGEST=")-1)) // the kernel's limit for one variable
	args := make([]string, 5000)
	for i := range args {
		args[i] = fmt.Sprint("--", i)
	}
	expect(t, run(t, "start map", env, program, args...), started+mapped)

	files := ""
	for fd := 3; fd <= 20; fd++ {
		files += fmt.Sprintf(" %d</dev/null", fd)
	}
	expect(t, run(t, "start map", nil, "bash", "-c", "exec "+program+files), started+mapped)

	for mask := range 8 {
		closed, want := "", started+mapped
		for fd, redirect := range []string{" <&-", " >&-", " 2>&-"} {
			if mask&(1<<fd) != 0 {
				closed += redirect
			}
		}
		if strings.Contains(closed, " >") {
			want = ""
		}
		r := run(t, "start map", nil, "sh", "-c", "exec "+program+closed)
		if r.Code != 0 || r.Stdout != want || r.Stderr != "" {
			t.Errorf("%s: %+v", closed, r)
		}
	}
}

// When the environment is too large for the kernel, Start's error says so, and no process is left. PY-BOOT-13
func TestTooLarge(t *testing.T) {
	leak.Check(t)
	env := append(os.Environ(), "MP_TEST_LONGEST="+strings.Repeat("x", 128<<10))
	_, err := mp.Start(t.Context(), Pid, true, &mp.ProcessOptions{Env: env})
	if !errors.Is(err, syscall.E2BIG) || !strings.Contains(err.Error(), "the arguments and the environment are too large for a new process") {
		t.Error(err)
	}
}
