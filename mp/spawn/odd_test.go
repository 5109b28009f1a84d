//go:build unix

package spawn_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// A program's init functions run in its children too, with the program's own arguments. PY-BOOT-06, PY-BOOT-07
func TestInitsRunAgain(t *testing.T) {
	program := prog.Build(t, "./testdata/inits")
	args := append([]string{"-n", "42"}, make([]string, 5000)...)
	r := prog.Run(t, program, nil, args...)
	if r.Code != 0 || r.Stdout != "init prints\ninit prints\n" || r.Stderr != "the child's flag is 42\n" {
		t.Errorf("%+v", r)
	}
}

// What only one process can have makes the child's init fail; Start says so, in the words of the program.
func TestInitTakesASocket(t *testing.T) {
	program := prog.Build(t, "./testdata/inits")
	r := prog.Run(t, program, nil, "-listen", filepath.Join(t.TempDir(), "s"))
	if r.Code != 1 || !strings.Contains(r.Stderr, "exited with code 1 before it was ready") ||
		strings.Count(r.Stderr, "address already in use") != 2 { // the child's line, and the error that quotes it
		t.Errorf("%+v", r)
	}
}

// PY-BOOT-02: the child is the same program however it was started.
func TestWaysToStart(t *testing.T) {
	program := prog.Build(t, "./testdata/guard")
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(program, link); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "copied")
	b, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, b, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, command := range map[string]string{
		"symlink":        link,
		"relative path":  "cd " + dir + " && ./copied",
		"PATH":           "PATH=" + dir + " copied",
		"read-only cwd":  "cd /proc && " + copied,
		"cwd gone":       "mkdir " + dir + "/gone && cd " + dir + "/gone && rmdir " + dir + "/gone && " + copied,
		"other argv[0]":  "exec -a renamed " + copied,
		"few processors": "GOMAXPROCS=1 " + copied,
	} {
		out, err := exec.Command("bash", "-c", command).CombinedOutput()
		if err != nil || string(out) != "hello from the child\n" {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
}

// A program that was deleted, or replaced by another one, while it runs still starts itself. PY-BOOT-02
func TestProgramIsGone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("without /proc, the program is found by its path")
	}
	b, err := os.ReadFile(prog.Build(t, "./testdata/guard"))
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"deleted", "replaced"} {
		path := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(path, b, 0o700); err != nil {
			t.Fatal(err)
		}
		if r := prog.Run(t, path, []string{"MP_TEST_WHERE=" + what}); r.Code != 0 || r.Stdout != "hello from the child\n" {
			t.Errorf("%s: %+v", what, r)
		}
	}
}

// PY-PROC-25: missing or broken standard streams of the parent do not matter.
func TestBrokenStreams(t *testing.T) {
	program := prog.Build(t, "./testdata/guard")
	for name, command := range map[string]string{
		"stdin closed":       "%s <&-",
		"stdout closed":      "%s >&-",
		"stderr closed":      "%s 2>&-",
		"all closed":         "%s <&- >&- 2>&-",
		"stdout full":        "%s >/dev/full",
		"stderr full":        "%s 2>/dev/full",
		"stderr to nobody":   "%s 2> >(exec true)",
		"descriptors in use": "%s 3</dev/null 4</dev/null 5</dev/null 9</dev/null",
	} {
		cmd := exec.Command("bash", "-c", fmt.Sprintf(command, program))
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(name, "stdout") && !strings.Contains(name, "all") && string(out) != "hello from the child\n" {
			t.Errorf("%s: %q", name, out)
		}
	}
}

// When descriptors run out, Start says so, at whichever step it meets that, and works again when there are some.
func TestNoDescriptorsLeft(t *testing.T) {
	program := prog.Build(t, "./testdata/guard")
	cmd := exec.Command("bash", "-c", "ulimit -n 60; exec "+program)
	cmd.Env = append(os.Environ(), "MP_TEST_WHERE=no descriptors")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || string(out) != "hello from the child\nhello from the child\n" {
		t.Errorf("%v, %s", err, out)
	}
	failures := 0
	for line := range strings.Lines(stderr.String()) {
		failures++
		if !strings.Contains(line, "cannot be started: ") || !strings.Contains(line, "too many open files") {
			t.Errorf("%s", line)
		}
	}
	if failures < 3 {
		t.Errorf("Start has failed %d times only:\n%s", failures, stderr.String())
	}
}

// A parent that dies while its child boots leaves no orphan.
func TestParentDiesEarly(t *testing.T) {
	program := prog.Build(t, "./testdata/exits")
	for i := range 20 {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), "MP_TEST_HOW=family")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * time.Millisecond / 2) // any moment will do
		cmd.Process.Kill()
		cmd.Wait()
	}
	awaitNone(t, program)
}

// awaitNone waits until no process of a program is left.
func awaitNone(t *testing.T, program string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		left := runningPrograms(program)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running: %v", left)
		}
	}
}

// runningPrograms lists the processes of a program.
func runningPrograms(program string) (pids []string) {
	paths, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, path := range paths {
		if target, err := os.Readlink(path); err == nil && target == program {
			pids = append(pids, path)
		}
	}
	return pids
}
