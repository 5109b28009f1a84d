//go:build unix

package spawn_test

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// A child ignores SIGINT until it is ready. Then SIGINT ends a process, and a program that a worker runs, but no worker. An init
// function of the program may ignore or catch SIGINT, and the process keeps that.
func TestInterruptedWhileStarting(t *testing.T) {
	program := prog.Build(t, "./testdata/signals")
	for how, want := range map[string]string{
		"process":      "exitcode=-SIGINT>\n",
		"worker":       "exitcode=-SIGINT>\nexitcode=-SIGINT>\n",
		"program":      "signal: interrupt\n",
		"init ignores": "true\n",
		"init listens": "interrupt\n",
	} {
		if r := prog.Run(t, program, []string{"MP_TEST_HOW=" + how}); r.Code != 0 || r.Stdout != want {
			t.Errorf("%s: %+v", how, r)
		}
	}
}

// conversation is a run of the program, which gets a signal after each word that it prints.
type conversation struct {
	how  string
	says []string
}

// SIGINT and SIGTERM end a program and its children at every stage of its run.
func TestSignalsToTheProgram(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		for _, c := range []struct {
			conversation
			code int // −1: it dies of the signal
		}{
			{conversation{"running", []string{"running"}}, -1},
			{conversation{"join", []string{"joining"}}, -1},
			{conversation{"hook", []string{"hook"}}, -1},
			{conversation{"context running", []string{"running"}}, 1},
			{conversation{"context second", []string{"running", "stopping"}}, -1},
			{conversation{"context hook", []string{"hook"}}, -1},
		} {
			state, stderr := converse(t, c.conversation, sig)
			if c.code < 0 && !diedOf(state, sig) || c.code >= 0 && state.ExitCode() != c.code {
				t.Errorf("%s, %v: %v", c.how, sig, state)
			}
			if c.code == 1 && !strings.HasSuffix(stderr, ": "+sig.String()+" signal received\n") {
				t.Errorf("%s, %v: %s", c.how, sig, stderr)
			}
		}
	}
}

func diedOf(state *os.ProcessState, sig syscall.Signal) bool {
	s := state.Sys().(syscall.WaitStatus)
	return s.Signaled() && s.Signal() == sig
}

// converse runs the program, signals its process group after each word, and checks that no process is left.
func converse(t *testing.T, c conversation, sig syscall.Signal) (*os.ProcessState, string) {
	t.Helper()
	program := prog.Build(t, "./testdata/signals")
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "MP_TEST_HOW="+c.how)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	for _, word := range c.says {
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), word+" ") {
			t.Fatalf("%s: it says %q, not %q; %s", c.how, lines.Text(), word, stderr.String())
		}
		syscall.Kill(-cmd.Process.Pid, sig)
	}
	cmd.Wait()
	awaitNone(t, program)
	return cmd.ProcessState, stderr.String()
}
