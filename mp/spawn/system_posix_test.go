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

// deaths are the ways in which a parent may die.
var deaths = []os.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGSEGV}

// bootTime is about how long a program takes to start its children.
const bootTime = 10 * time.Millisecond

// SIGINT and SIGTERM end the wait for a child that never ends, and the program dies of them.
func TestSignalEndsTheJoin(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd, pids := running(t, "join forever", 1)
		cmd.Process.Signal(sig)
		cmd.Wait()
		if s := cmd.ProcessState.Sys().(syscall.WaitStatus); !s.Signaled() || s.Signal() != sig {
			t.Errorf("%v: the program ended with %v", sig, cmd.ProcessState)
		}
		awaitGone(t, pids)
	}
}

func TestMainContext(t *testing.T) {
	cmd, _ := running(t, "context", 1)
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d", code)
	}
}

// PY-BOOT-02: the child is the same program however it was started.
func TestWaysToStart(t *testing.T) {
	program := prog.Build(t, "./testdata/guard")
	dir := prog.TempDir(t)
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
		path := filepath.Join(prog.TempDir(t), "program")
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

// When descriptors run out, Start's error says so, whichever step fails, and Start works again when some are free.
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
