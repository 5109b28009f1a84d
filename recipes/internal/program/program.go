// Package program builds the program of a test's directory and runs it.
package program

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// limit is how long a program may run.
const limit = time.Minute

// Result is how a program has ended.
type Result struct {
	Code           int
	Stdout, Stderr string
}

// Wants fails the test if the program has not ended so.
func (r Result) Wants(t *testing.T, code int, stdout, stderr string) {
	t.Helper()
	if want := (Result{code, stdout, stderr}); r != want {
		t.Errorf("it has ended with\n%+v\nand not\n%+v", r, want)
	}
}

var (
	place = regexp.MustCompile(`[^ ]*/recipes/`)
	trace = regexp.MustCompile(`(?s)\n\ngoroutine .*`)
)

// Readable leaves out what differs from run to run: where the source lies, and the stack of a panic.
func (r Result) Readable() Result {
	r.Stderr = trace.ReplaceAllString(place.ReplaceAllString(r.Stderr, ""), "\n")
	return r
}

// built is the program, once it was built for a test.
var built struct {
	t    *testing.T
	path string
}

// build returns the path of the program.
func build(t *testing.T) string {
	t.Helper()
	if built.t == t {
		return built.path
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("the go tool, which builds the program, is not on PATH")
	}
	path := filepath.Join(t.TempDir(), "program")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	built.t, built.path = t, path
	return path
}

// Run runs the program with these arguments, in a directory of its own, to its end.
func Run(t *testing.T, args ...string) Result {
	t.Helper()
	return RunIn(t, t.TempDir(), args...)
}

// RunIn is Run in a directory.
func RunIn(t *testing.T, dir string, args ...string) Result {
	t.Helper()
	return start(t, dir, args).End(t)
}

// File is what a file of the test's directory holds.
func File(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Running is a program that runs.
type Running struct {
	cmd    *exec.Cmd
	out    *bufio.Reader
	stderr bytes.Buffer
	cancel func()
	once   sync.Once
}

// Start starts the program.
func Start(t *testing.T, args ...string) *Running {
	t.Helper()
	return start(t, t.TempDir(), args)
}

func start(t *testing.T, dir string, args []string) *Running {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	p := &Running{cmd: exec.CommandContext(ctx, build(t), args...), cancel: cancel}
	p.cmd.Dir, p.cmd.Stderr, p.cmd.WaitDelay = dir, &p.stderr, 5*time.Second
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	t.Cleanup(func() { p.end() })
	return p
}

// Line is the next line that it prints.
func (p *Running) Line(t *testing.T) string {
	t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("it says no more: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

// Says fails the test if the next line is another one.
func (p *Running) Says(t *testing.T, want string) {
	t.Helper()
	if line := p.Line(t); line != want {
		t.Fatalf("it says %q, not %q", line, want)
	}
}

// Signal signals it.
func (p *Running) Signal(s os.Signal) { p.cmd.Process.Signal(s) }

// End waits for its end and returns what it has printed since the last Line.
func (p *Running) End(t *testing.T) Result {
	t.Helper()
	rest, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.end(); err != nil {
		t.Fatal(err)
	}
	return Result{p.cmd.ProcessState.ExitCode(), string(rest), p.stderr.String()}
}

func (p *Running) end() (err error) {
	p.once.Do(func() {
		err = p.cmd.Wait()
		p.cancel()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			err = nil
		}
	})
	return err
}
