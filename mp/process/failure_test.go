//go:build unix

package process_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// fate runs misbehave in a process and returns its error, exit code and standard error.
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
	p, err := mp.Start(t.Context(), Fail, "/no/such/file", &mp.ProcessOptions{Stderr: &stderr, Name: "reader"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Result(t.Context())
	var remote *mp.RemoteError
	if !errors.As(err, &remote) {
		t.Fatalf("%T: %v", err, err)
	}
	if remote.Func != "fail" || remote.Pid != p.Pid() || remote.Process != "reader" || remote.Index != -1 || remote.Panic ||
		remote.Type != "*fmt.wrapError" || !strings.HasPrefix(remote.Message, "reading the list: open /no/such/file") {
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
	for how, want := range map[string]mp.ExitError{
		"goroutine panic": {ExitCode: 2, Cause: mp.CauseFatal, Stack: "panic: elsewhere"},
		"fatal":           {ExitCode: 2, Cause: mp.CauseFatal, Stack: "fatal error: concurrent map writes"},
		"stack":           {ExitCode: 2, Cause: mp.CauseFatal, Stack: "fatal error: stack overflow"},
		"exit 7":          {ExitCode: 7, Cause: mp.CauseExit},
		"exit 0":          {ExitCode: 0, Cause: mp.CauseExit},
		"exit 300":        {ExitCode: 44, Cause: mp.CauseExit}, // eight bits are all that there is
		"mp.Exit 9":       {ExitCode: 9, Cause: mp.CauseExit, Stderr: "hook in the child\n"},
		"kill":            {ExitCode: -9, Cause: mp.CauseSignal, Signal: syscall.SIGKILL},
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
			exit.Func != "misbehave" || exit.PeakRSS <= 0 || exit.Bootstrapping {
			t.Errorf("%s: %+v", how, exit)
		}
		t.Log(err)
	}
}

// The blame for a fatal error does not depend on how much of it the runtime is told to print.
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
		if !errors.As(err, &exit) || exit.Cause != mp.CauseFatal || !strings.HasPrefix(exit.Stack, "fatal error: concurrent map writes") {
			t.Errorf("GOTRACEBACK=%s: %v", level, err)
		}
	}
}

// Go turns SIGABRT into a fatal error with a dump; what matters is that it is told.
func TestAbort(t *testing.T) {
	code, _, err := fate(t, "abort")
	var exit *mp.ExitError
	if !errors.As(err, &exit) || code != 2 || exit.Cause != mp.CauseFatal || !strings.Contains(exit.Stack, "SIGABRT") {
		t.Errorf("%v, exit code %d", err, code)
	}
}

func TestGoexit(t *testing.T) {
	code, _, err := fate(t, "goexit")
	var remote *mp.RemoteError
	if !errors.As(err, &remote) || !strings.Contains(remote.Message, "runtime.Goexit") || code != 1 {
		t.Errorf("%v, exit code %d", err, code)
	}
}

// A child that writes garbage everywhere, or closes everything, is no use any more: it is ended and blamed.
func TestBrokenLink(t *testing.T) {
	_, _, err := fate(t, "garbage")
	var exit *mp.ExitError
	if !errors.As(err, &exit) || exit.Signal != syscall.SIGKILL || exit.Cause != mp.CauseLink {
		t.Errorf("garbage: %v", err)
	}
	t.Log(err)
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

// The ladder: the ctx of Start ends, then the ctx of the function, and after KillDelay the process.
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
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		p := started(t, ctx, Wait, 0, &mp.ProcessOptions{KillDelay: time.Hour, Stderr: new(bytes.Buffer)})
		if _, err := p.Result(t.Context()); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a cause of its own", func(t *testing.T) {
		leak.Check(t)
		ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errOwn)
		defer cancel()
		p := started(t, ctx, Deaf, 0, &mp.ProcessOptions{KillDelay: time.Millisecond})
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
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p := started(t, ctx, Deaf, 0, &mp.ProcessOptions{KillDelay: -1})
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

// Kill ends what the process started itself, and an exit is not held up by what still holds its streams.
func TestKillsTheTree(t *testing.T) {
	leak.Check(t)
	p, err := mp.Start(t.Context(), Sub, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err := p.Result(t.Context()); err != nil { // "sleep 1000" holds its standard error
		t.Error(err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("the end took %v", took)
	}
	syscall.Kill(-p.Pid(), syscall.SIGKILL)
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
	if n := strings.Count(out.String(), "\n"); n != 1<<16+1 {
		t.Errorf("%d lines", n)
	}
}
