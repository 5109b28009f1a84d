package process_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// fate runs misbehave in a process and returns its exit code, its output and its error.
func fate(t *testing.T, how string) (code int, stderr string, err error) {
	t.Helper()
	leak.Check(t)
	var out bytes.Buffer
	p, err := mp.Start(t.Context(), Misbehave, how, &mp.ProcessOptions{Stderr: &out, Stdout: &out})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Result(t.Context())
	code, exited := p.ExitCode()
	if !exited {
		t.Errorf("%s: %v has no exit code", how, p)
	}
	return code, out.String(), err
}

// PY-EXIT-02, PY-EXIT-03, PY-POOL-13
func TestRemoteError(t *testing.T) {
	leak.Check(t)
	var stderr bytes.Buffer
	missing := filepath.Join(prog.TempDir(t), "missing")
	p, err := mp.Start(t.Context(), Fail, missing, &mp.ProcessOptions{Stderr: &stderr, Name: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Result(t.Context())
	var remote *mp.RemoteError
	if !errors.As(err, &remote) {
		t.Fatalf("%T: %v", err, err)
	}
	if remote.Func != "fail" || remote.Pid != p.Pid() || remote.Process != "reader" || remote.Index != -1 || remote.Panic ||
		remote.Type != "*fmt.wrapError" || !strings.HasPrefix(remote.Message, "reading the list: open "+missing) {
		t.Errorf("%+v", remote)
	}
	for _, sentinel := range []error{fs.ErrNotExist, syscall.ENOENT, errOwn} {
		if !errors.Is(err, sentinel) {
			t.Errorf("it is not %v", sentinel)
		}
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, context.Canceled) {
		t.Error("it is what it is not")
	}
	if code, _ := p.ExitCode(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if s := stderr.String(); !strings.HasPrefix(s, "Process reader:\nreading the list: ") {
		t.Errorf("standard error: %q", s)
	}
}

func TestPanic(t *testing.T) {
	for how, want := range map[string]struct {
		kind, message string
		is            error
	}{
		"panic":       {"string", "no more", nil},
		"panic error": {"*fmt.wrapError", "wrapped: i/o timeout", os.ErrDeadlineExceeded},
		"nil map":     {"runtime.boundsError", "assignment to entry in nil map", nil},
	} {
		code, stderr, err := fate(t, how)
		var remote *mp.RemoteError
		if !errors.As(err, &remote) || !remote.Panic || remote.Message != want.message || code != 1 {
			t.Errorf("%s: %v, exit code %d", how, err, code)
			continue
		}
		if how != "nil map" && remote.Type != want.kind {
			t.Errorf("%s: type %s", how, remote.Type)
		}
		if want.is != nil && !errors.Is(err, want.is) {
			t.Errorf("%s: it is not %v", how, want.is)
		}
		if !strings.Contains(remote.Stack, "process_test.misbehave") || !strings.Contains(remote.Stack, "main_test.go:") {
			t.Errorf("%s: stack:\n%s", how, remote.Stack)
		}
		if !strings.HasPrefix(stderr, "Process Process-") || !strings.Contains(stderr, "panic: "+want.message) ||
			!strings.Contains(stderr, "main_test.go:") {
			t.Errorf("%s: standard error:\n%s", how, stderr)
		}
	}
}

// PY-EXIT-05, PY-EXIT-06
func TestExitError(t *testing.T) {
	exit300, killed := 44, mp.ExitError{ExitCode: -9, Cause: mp.CauseSignal, Signal: syscall.SIGKILL}
	if runtime.GOOS == "windows" { // exit codes have 32 bits there, and a kill looks like an exit
		exit300, killed = 300, mp.ExitError{ExitCode: 1, Cause: mp.CauseExit}
	}
	for how, want := range map[string]mp.ExitError{
		"goroutine panic": {ExitCode: 2, Cause: mp.CauseFatal, Stack: "panic: elsewhere"},
		"fatal":           {ExitCode: 2, Cause: mp.CauseFatal, Stack: "fatal error: sync: unlock of unlocked mutex"},
		"stack":           {ExitCode: 2, Cause: mp.CauseFatal, Stack: "fatal error: stack overflow"},
		"exit 7":          {ExitCode: 7, Cause: mp.CauseExit},
		"exit 0":          {ExitCode: 0, Cause: mp.CauseExit},
		"exit 300":        {ExitCode: exit300, Cause: mp.CauseExit},
		"mp.Exit 9":       {ExitCode: 9, Cause: mp.CauseExit, Stderr: "hook in the child\n"},
		"kill":            killed,
		"flood":           {ExitCode: 3, Cause: mp.CauseExit, Stderr: "the last line\n"},
	} {
		code, _, err := fate(t, how)
		var exit *mp.ExitError
		if !errors.As(err, &exit) {
			t.Errorf("%s: %v", how, err)
			continue
		}
		if code != want.ExitCode || exit.ExitCode != code || exit.Cause != want.Cause || exit.Signal != want.Signal ||
			!strings.Contains(exit.Stack, want.Stack) || !strings.HasSuffix(exit.Stderr, want.Stderr) || len(exit.Stderr) > 64<<10 ||
			exit.Func != "misbehave" || exit.PeakRSS <= 0 && !prog.Wine() || exit.Bootstrapping {
			t.Errorf("%s: %+v", how, exit)
		}
		t.Log(err)
	}
}

// A fatal error is recognised whatever GOTRACEBACK says about the length of its dump.
func TestFatalWithTraceback(t *testing.T) {
	for _, level := range []string{"none", "single", "all", "system", "crash"} {
		leak.Check(t)
		p, err := mp.Start(t.Context(), Misbehave, "fatal", &mp.ProcessOptions{
			Stderr: io.Discard, Env: append(os.Environ(), "GOTRACEBACK="+level),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Result(t.Context())
		var exit *mp.ExitError
		if !errors.As(err, &exit) || exit.Cause != mp.CauseFatal || !strings.HasPrefix(exit.Stack, "fatal error: sync: unlock of unlocked mutex") {
			t.Errorf("GOTRACEBACK=%s: %v", level, err)
		}
	}
}

func TestGoexit(t *testing.T) {
	code, _, err := fate(t, "goexit")
	var remote *mp.RemoteError
	if !errors.As(err, &remote) || !strings.Contains(remote.Message, "runtime.Goexit") || code != 1 {
		t.Errorf("%v, exit code %d", err, code)
	}
}

// A child that writes garbage to its link, or a message that it must not send, is killed, and the error names the link as the
// cause. A child that closes its link is ended, too.
func TestBrokenLink(t *testing.T) {
	var exit *mp.ExitError
	for _, how := range []string{"garbage", "unknown message", "two results"} {
		_, _, err := fate(t, how)
		if !errors.As(err, &exit) || exit.Signal != syscall.SIGKILL || exit.Cause != spawn.CauseLink {
			t.Errorf("%s: %v", how, err)
		}
		t.Log(err)
	}
	if _, _, err := fate(t, "close link"); !errors.As(err, &exit) {
		t.Errorf("close link: %v", err)
	}
}

// PY-PROC-26
func TestChildClosesItsStreams(t *testing.T) {
	if code, _, err := fate(t, "close stdio"); err != nil || code != 0 {
		t.Errorf("%v, exit code %d", err, code)
	}
}

// When the ctx of Start ends, the ctx of the function ends. If the process still lives after KillDelay, it is killed.
func TestContextBoundsTheLife(t *testing.T) {
	t.Run("it listens", func(t *testing.T) {
		leak.Check(t)
		ctx, cancel := context.WithCancel(t.Context())
		p := started(t, ctx, Wait, 0, &mp.ProcessOptions{KillDelay: time.Hour, Stderr: new(bytes.Buffer)})
		cancel()
		_, err := p.Result(t.Context())
		var remote *mp.RemoteError
		if !errors.As(err, &remote) || !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	t.Run("it is deaf", func(t *testing.T) {
		leak.Check(t)
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errOwn)
		ctx, stop := context.WithCancel(ctx)
		defer cancel()
		p := started(t, ctx, Deaf, 0, &mp.ProcessOptions{KillDelay: time.Millisecond})
		stop()
		_, err := p.Result(t.Context())
		var exit *mp.ExitError
		if !errors.As(err, &exit) || exit.Signal != syscall.SIGKILL || exit.Cause != mp.CauseCancel || !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a deadline, and it listens", func(t *testing.T) {
		leak.Check(t)
		p, _ := atWorkBefore(t, nil, func(ctx context.Context, line signalWriter) (*mp.Process[string], error) {
			return mp.Start(ctx, Wait, 0, &mp.ProcessOptions{KillDelay: time.Hour, Stdout: line, Stderr: new(bytes.Buffer)})
		})
		if _, err := p.Result(t.Context()); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a cause of its own", func(t *testing.T) {
		leak.Check(t)
		p, ctx := atWorkBefore(t, errOwn, func(ctx context.Context, line signalWriter) (*mp.Process[int], error) {
			return mp.Start(ctx, Deaf, 0, &mp.ProcessOptions{KillDelay: time.Millisecond, Stdout: line})
		})
		_, err := p.Result(t.Context())
		var exit *mp.ExitError
		if !errors.As(err, &exit) || exit.Cause != mp.CauseDeadline || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errOwn) {
			t.Errorf("%v", err)
		}
		if _, err := mp.Start(ctx, Deaf, 0, nil); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errOwn) {
			t.Errorf("Start: %v", err)
		}
	})
	t.Run("a deadline, at once", func(t *testing.T) {
		leak.Check(t)
		p, _ := atWorkBefore(t, nil, func(ctx context.Context, line signalWriter) (*mp.Process[int], error) {
			return mp.Start(ctx, Deaf, 0, &mp.ProcessOptions{KillDelay: -1, Stdout: line})
		})
		_, err := p.Result(t.Context())
		var exit *mp.ExitError
		if !errors.As(err, &exit) || exit.Cause != mp.CauseDeadline || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
	t.Run("it is stopped by a signal", func(t *testing.T) {
		leak.Check(t)
		ctx, cancel := context.WithCancel(t.Context())
		p, err := mp.Start(ctx, Misbehave, "stop", &mp.ProcessOptions{KillDelay: 10 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := p.Join(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// atWorkBefore starts a process whose function is running when the deadline of its ctx comes. It tries longer and longer deadlines
// until the process starts in time. It returns the process and its ctx.
func atWorkBefore[R any](t *testing.T, cause error, start func(context.Context, signalWriter) (*mp.Process[R], error)) (*mp.Process[R], context.Context) {
	t.Helper()
	for soon := 50 * time.Millisecond; ; soon *= 2 {
		ctx, cancel := context.WithTimeoutCause(t.Context(), soon, cause)
		t.Cleanup(cancel)
		line := make(signalWriter, 1)
		p, err := start(ctx, line)
		if err == nil {
			select {
			case <-line:
				return p, ctx
			case <-p.Done():
				continue
			}
		}
		if !errors.Is(err, context.DeadlineExceeded) || soon > time.Minute {
			t.Fatal(err)
		}
	}
}

// Kill also ends the processes that the process has started.
func TestKillsTheTree(t *testing.T) {
	leak.Check(t)
	line := make(chan int, 1)
	p, err := mp.Start(t.Context(), Sub, true, &mp.ProcessOptions{Stdout: pidWriter(line)})
	if err != nil {
		t.Fatal(err)
	}
	sub := <-line
	if err := p.Kill(); err != nil {
		t.Error(err)
	}
	p.Join(t.Context())
	awaitGone(t, sub)
}

// A grandchild that holds the streams of a child that has ended does not delay the child's Join, and Join does not end the
// grandchild.
func TestLeftoversDoNotDelayTheEnd(t *testing.T) {
	leak.Check(t)
	p, err := mp.Start(t.Context(), Sub, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	sub, err := p.Result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("the end took %v", took)
	}
	if err := prog.Kill(sub); err != nil {
		t.Errorf("it has ended too: %v", err)
	}
	awaitGone(t, sub)
}

// pidWriter is a writer that sends the pid that is printed to it.
type pidWriter chan int

func (w pidWriter) Write(p []byte) (int, error) {
	pid, err := strconv.Atoi(strings.TrimSpace(string(p)))
	w <- pid
	return len(p), err
}

func awaitGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); prog.Alive(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

func TestOutputByLines(t *testing.T) {
	leak.Check(t)
	var out bytes.Buffer
	opts := &mp.ProcessOptions{Stdout: &out, Stderr: &out}
	p, err := mp.Start(t.Context(), Misbehave, "flood", opts)
	if err != nil {
		t.Fatal(err)
	}
	p.Join(t.Context())
	if n := strings.Count(out.String(), "\n"); n != floodLines+1 {
		t.Errorf("%d lines", n)
	}
}

// words is a writer whose type is not comparable.
type words []io.Writer

func (w words) Write(p []byte) (int, error) { return w[0].Write(p) }

// Stdout and Stderr may be writers of types that are not comparable, or that hold such a writer: they count as different writers.
func TestOutputToWhatCannotBeCompared(t *testing.T) {
	leak.Check(t)
	type wrapped struct{ io.Writer }
	for _, wrap := range []func(w io.Writer) io.Writer{
		func(w io.Writer) io.Writer { return words{w} },
		func(w io.Writer) io.Writer { return wrapped{words{w}} },
	} {
		var stdout, stderr bytes.Buffer
		p, err := mp.Start(t.Context(), Misbehave, "flood", &mp.ProcessOptions{Stdout: wrap(&stdout), Stderr: wrap(&stderr)})
		if err != nil {
			t.Fatal(err)
		}
		p.Join(t.Context())
		if n := bytes.Count(stdout.Bytes(), []byte("\n")) + bytes.Count(stderr.Bytes(), []byte("\n")); n != floodLines+1 {
			t.Errorf("%d lines", n)
		}
	}
}
