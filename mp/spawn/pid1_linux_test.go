package spawn_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// SIGINT and SIGTERM end a program that is pid 1 of a container, and its children, although the kernel delivers to pid 1 only
// signals that it handles.
func TestFirstProcessOfAContainer(t *testing.T) {
	if out, err := exec.Command("unshare", "-pf", "--mount-proc", "true").CombinedOutput(); err != nil {
		t.Skipf("a new PID namespace is refused here: %v %s", err, out)
	}
	program := prog.Build(t, "./testdata/signals")
	if out, err := contained(program, "life").CombinedOutput(); err != nil {
		t.Errorf("without signals: %v\n%s", err, out)
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		for _, c := range []conversation{
			{"running", []string{"running"}},
			{"join", []string{"joining"}},
			{"hook", []string{"hook"}},
			{"context running", []string{"running"}},
			{"context second", []string{"running", "stopping"}},
		} {
			begun := time.Now()
			state := converseContained(t, program, c, sig)
			awaitNone(t, program)
			t.Logf("%s, %v: %v, %v", c.how, sig, state, time.Since(begun).Round(time.Millisecond))
			if code := state.ExitCode(); code == 0 || c.how == "context running" && code != 1 {
				t.Errorf("%s, %v: %v", c.how, sig, state)
			}
		}
	}
}

func contained(program, how string) *exec.Cmd {
	cmd := exec.Command("unshare", "-pf", "--mount-proc", program)
	cmd.Env = append(os.Environ(), "MP_TEST_HOW="+how)
	cmd.WaitDelay = time.Minute
	return cmd
}

// converseContained runs the program as pid 1 and signals it after each word that it prints.
func converseContained(t *testing.T, program string, c conversation, sig syscall.Signal) *os.ProcessState {
	t.Helper()
	cmd := contained(program, c.how)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	pid := 0
	defer time.AfterFunc(time.Minute, func() { syscall.Kill(pid, syscall.SIGKILL) }).Stop()
	for _, word := range c.says {
		if !lines.Scan() || lines.Text() != word+" 1" {
			t.Fatalf("%s: it says %q, not %q as pid 1", c.how, lines.Text(), word)
		}
		if pid == 0 {
			children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid))
			if pid, err = strconv.Atoi(strings.TrimSpace(string(children))); err != nil {
				t.Fatalf("%s: %q: %v", c.how, children, err)
			}
		}
		syscall.Kill(pid, sig)
	}
	cmd.Wait()
	return cmd.ProcessState
}
