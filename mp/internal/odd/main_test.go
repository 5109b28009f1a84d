//go:build linux

package odd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

func TestMain(m *testing.M) { mp.TestMain(prog.Tests{M: m}) }

// What the steps of testdata/place print when they work.
const (
	started = "start: old:49\n"
	mapped  = "map: old:1 old:4 old:9\n"
)

// static builds testdata/place without cgo, so that it needs no loader, as "old" or as "new".
func static(t *testing.T, version string) string {
	t.Helper()
	t.Setenv("CGO_ENABLED", "0")
	return prog.Build(t, "./testdata/place", "-ldflags=-X=main.version="+version)
}

// install copies the program into a new directory that other users can enter too, so that it may be changed or deleted.
func install(t *testing.T) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "mp-odd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	copyProgram(t, static(t, "old"), filepath.Join(dir, "place"))
	return dir
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o755)
	}
	if err == nil {
		err = os.Chmod(to, 0o755) // whatever the umask
	}
	if err != nil {
		t.Fatal(err)
	}
}

var runs atomic.Int64

// run runs a program, or a shell command around one, and fails the test if processes are left when it has ended.
func run(t *testing.T, steps string, env []string, name string, args ...string) prog.Result {
	t.Helper()
	leak.Check(t)
	mark := "MP_TEST_RUN=" + strconv.Itoa(os.Getpid()) + "." + strconv.FormatInt(runs.Add(1), 10) + "."
	r := prog.Run(t, name, append(env, mark, "MP_TEST_STEPS="+steps), args...)
	awaitNone(t, mark)
	return r
}

// awaitNone waits until no process has mark in its environment. Zombies have an empty one.
func awaitNone(t *testing.T, mark string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		var left []string
		paths, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, path := range paths {
			if env, _ := os.ReadFile(path); strings.Contains(string(env), mark) {
				left = append(left, path)
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("processes are left: %v", left)
		}
	}
}

// unshared returns the arguments with which unshare runs a shell script as root, whichever user runs the test, in new
// namespaces, where no other process sees its mounts. It skips the test where namespaces are refused.
func unshared(t *testing.T, flags, script string) (args []string) {
	t.Helper()
	if os.Getuid() != 0 {
		flags = "-r" + flags[1:]
	}
	args = []string{flags, "/bin/sh", "-c"}
	if out, err := exec.Command("unshare", append(args, "true")...).CombinedOutput(); err != nil {
		t.Skipf("namespaces are refused here: %v, %s", err, out)
	}
	return append(args, "set -e; "+script)
}

// asUser returns the arguments with which unshare runs a command as another user, with $DIR as /tmp: the user may have no
// access to our own temporary directory.
func asUser(t *testing.T, user int, before, command string) (args []string) {
	t.Helper()
	return unshared(t, "-m", fmt.Sprintf("mount --bind $DIR /tmp; exec %s setpriv --reuid=%d --regid=%d --clear-groups %s", before, user, user, command))
}

// needRoot skips a test that is about several users, or changes mounts that are not its own.
func needRoot(t *testing.T, tools ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can do this")
	}
	need(t, tools...)
}

func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
}

// expect checks what a program printed, and that standard error is silent unless a step failed.
func expect(t *testing.T, r prog.Result, stdout string) {
	t.Helper()
	if r.Stdout != stdout || r.Code == 0 && r.Stderr != "" || (r.Code != 0) != strings.Contains(stdout, "error: ") {
		t.Errorf("exit code %d, want standard output\n%s\ngot\n%s\nand standard error\n%s", r.Code, stdout, r.Stdout, r.Stderr)
	}
}

// expectLines checks that line i of what a program printed contains want[i].
func expectLines(t *testing.T, r prog.Result, want ...string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(r.Stdout, "\n"), "\n")
	good := len(lines) == len(want)
	for i := range min(len(lines), len(want)) {
		good = good && strings.Contains(lines[i], strings.TrimSpace(want[i]))
	}
	if !good {
		t.Errorf("exit code %d, want lines with\n%s\ngot\n%s\nand standard error\n%s", r.Code, strings.Join(want, "\n"), r.Stdout, r.Stderr)
	}
}
