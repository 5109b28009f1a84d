//go:build linux

package odd_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// injections are the errors that the kernel has for the system calls of Start and Map. Left out are EAGAIN of sendmsg and
// recvmsg, after which the kernel would owe an event; close, which always closes; and errors of the pipe that tells
// package syscall of the exec, after which package syscall would wait for the child to end.
var injections = map[string]string{
	"openat":       "EMFILE ENOMEM EINTR",
	"socketpair":   "EMFILE ENOMEM",
	"pipe2":        "EMFILE ENOMEM",
	"fcntl":        "EMFILE",
	"epoll_ctl":    "ENOMEM",
	"clone":        "EAGAIN ENOMEM",
	"setpgid":      "EACCES",
	"dup3":         "EMFILE",
	"execve":       "EAGAIN ENOMEM",
	"sendmsg":      "ENOMEM EINTR",
	"recvmsg":      "ENOMEM EINTR",
	"getsockopt":   "ENOMEM",
	"pidfd_open":   "EMFILE ENOMEM",
	"waitid":       "EINTR",
	"ppoll":        "ENOMEM EINTR",
	"newfstatat":   "ENOMEM",
	"eventfd2":     "EMFILE",
	"memfd_create": "EMFILE ENOSYS",
	"fallocate":    "ENOSPC EINTR",
	"epoll_pwait":  "EINTR",
}

// When a system call fails, in the parent or in a child, the program gets a proper error or the right result. It does not hang, and
// leaves no process. A run tries each error at a random one of the first calls; MP_TEST_INJECT=all tries every error at every call,
// for some minutes.
func TestFailingSystemCalls(t *testing.T) {
	probe := exec.Command("strace", "-f", "-b", "execve", "-o", os.DevNull, "-e", "inject=pipe2:error=EMFILE:when=1", "true")
	if out, err := probe.CombinedOutput(); err != nil {
		t.Skipf("strace, which makes system calls fail, does not do so here: %v, %s", err, out)
	}
	program := static(t, "old")
	trace := filepath.Join(t.TempDir(), "trace")
	family := []struct {
		name  string
		flags []string
		most  int
	}{{"parent", []string{"-b", "execve"}, 4}, {"parent and the children", nil, 3}}
	all := os.Getenv("MP_TEST_INJECT") == "all"
	seen := make(map[string]int)
	for call, errnos := range injections {
		if all {
			errnos = "EMFILE EAGAIN ENOMEM EINTR"
		}
		for _, errno := range strings.Fields(errnos) {
			if errno == "EAGAIN" && strings.HasSuffix(call, "msg") {
				continue
			}
			for _, who := range family {
				n := 1 + rand.IntN(who.most)
				if all {
					n = 12
				}
				for ; n > 0; n-- {
					args := append([]string{
						"-f", "-o", trace, "-e", "trace=" + call,
						"-e", fmt.Sprintf("inject=%s:error=%s:when=%d", call, errno, n),
					}, who.flags...)
					r := run(t, "start map", nil, "strace", append(args, program)...)
					if log, _ := os.ReadFile(trace); !strings.Contains(string(log), "INJECTED") {
						continue // there are not so many calls
					}
					what := verdict(r)
					seen[what]++
					if what == "wrong" {
						t.Errorf("%s, call %d, %s in the %s: %+v", errno, n, call, who.name, r)
					}
					if !all {
						break
					}
				}
			}
		}
	}
	if seen["right"] == 0 || seen["error"] == 0 {
		t.Error("this test has seen too little")
	}
	t.Log(seen)
}

// gaveUp matches what the Go runtime prints when it gives up because it got no thread, no poller or no standard streams.
var gaveUp = regexp.MustCompile(`(?m)^fatal error: (newosproc|runtime: .*|cannot open standard fds)$`)

// crashed matches every crash.
var crashed = regexp.MustCompile(`(?m)^(fatal error|panic): .*$`)

// inWords matches two lines, each with the right result or a proper error.
var inWords = regexp.MustCompile(`^(` + started + `|start: error: mp: .*\n)(` + mapped + `|map: error: mp: (.*\n)+)$`)

func verdict(r prog.Result) string {
	for _, line := range crashed.FindAllString(r.Stderr, -1) {
		if !gaveUp.MatchString(line) {
			return "wrong"
		}
	}
	switch {
	case r.Code == 0 && r.Stdout == started+mapped:
		return "right"
	case r.Code == 1 && inWords.MatchString(r.Stdout):
		return "error"
	case r.Code == 2 && gaveUp.MatchString(r.Stderr):
		return "given up by the Go runtime"
	}
	return "wrong"
}
