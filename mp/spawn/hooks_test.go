package spawn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// Whatever its exit hooks do, and wherever it calls Exit, a program ends and runs every hook that can run. PY-FIN-01
func TestHooks(t *testing.T) {
	program := prog.Build(t, "./testdata/hooks")
	for how, want := range map[string]prog.Result{
		"order":                {Stdout: "the last\none of a hook\nthe second\nthe first\n", Stderr: "mp: an exit hook panicked: a bad hook"},
		"exit":                 {Code: 5, Stdout: "deferred\nthe first\n", Stderr: "an error"},
		"exit elsewhere":       {Stdout: "the first\n"},
		"os.Exit":              {Code: 6, Stdout: "the last\n"},
		"start":                {Stdout: "true true\nthe first\n"},
		"stuck":                {Code: 7, Stderr: "mp: exit hooks took longer than 5s and were left behind\n"},
		"stuck child":          {Stdout: "42 <nil>\nthe first\n", Stderr: "mp: exit hooks took longer than 5s and were left behind\n"},
		"stuck on the parent":  {Stdout: "42 <nil>\nthe first\n"},
		"panic on full stderr": {Stdout: "the first\n"},
		"many":                 {Code: 3, Stdout: "the first\n"},
		"panic":                {Code: 2, Stderr: "panic: boom"},
		"function": {Stdout: "hook of the child\nexit 0 by leave of item -1. \n" +
			"hook of the child\nexit 3 by leave of item -1. \nthe first\n"},
		"worker": {Stdout: strings.Repeat("hook of the child\n", 4) + "[-1 0 -1 0 -1] exit 3 by leave of item 1. exit 0 by leave of item 3. \n" +
			"hook of the child\nthe first\n"}, // the last worker ends by Close
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			r := prog.Run(t, program, []string{"MP_TEST_HOW=" + how})
			if r.Code != want.Code || r.Stdout != want.Stdout || !strings.Contains(r.Stderr, want.Stderr) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// A hook that blocks in a write to an unread standard error does not keep its process from ending.
func TestHookStuckOnStderr(t *testing.T) {
	if testing.Short() {
		t.Skip("takes six seconds")
	}
	leak.Check(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, prog.Build(t, "./testdata/hooks"))
	cmd.Env = append(os.Environ(), "MP_TEST_HOW=stuck on stderr")
	cmd.Stderr = w
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 7 {
		t.Error(err)
	}
}

// Crowd registers hooks from many goroutines, also while hooks run, and from hooks.
var Crowd = mp.Register("crowd", func(_ context.Context, n int) (int, error) {
	const goroutines = 8
	var ran atomic.Int64
	var registering sync.WaitGroup
	hook := func() {
		if ran.Add(1) == int64(goroutines*n*2) {
			fmt.Fprintln(os.Stderr, "all hooks have run")
		}
	}
	mp.AtExit(registering.Wait)
	for range goroutines {
		registering.Go(func() {
			for range n {
				mp.AtExit(func() { mp.AtExit(hook); hook() })
			}
		})
	}
	mp.Exit(7)
	return 0, nil
})

// Every hook runs that many goroutines register at once, even while hooks run. PY-FIN-02. The child is race-built when the test is.
func TestHooksOfACrowd(t *testing.T) {
	leak.Check(t)
	var out bytes.Buffer
	p, err := mp.Start(t.Context(), Crowd, 500, &mp.ProcessOptions{Stderr: &out})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Result(t.Context())
	var exit *mp.ExitError
	if !errors.As(err, &exit) || exit.ExitCode != 7 || out.String() != "all hooks have run\n" {
		t.Errorf("%v, %q", err, out.String())
	}
}

// Chatter writes size bytes and a last line to each of its standard streams, in an exit hook.
var Chatter = mp.Register("chatter", func(_ context.Context, size int) (int, error) {
	mp.AtExit(func() {
		fmt.Print(strings.Repeat("a line.\n", size/8), "the last of it")
		fmt.Fprint(os.Stderr, strings.Repeat("a line.\n", size/8), "the last of it")
	})
	return size, nil
})

// slow is a writer that takes its time.
type slow struct{ bytes.Buffer }

func (s *slow) Write(p []byte) (int, error) {
	time.Sleep(150 * time.Millisecond)
	return s.Buffer.Write(p)
}

// When Join returns, all output of the process has been passed on, even what was still in the pipe because the writer is slow.
// PY-EXIT-02, PY-EXIT-08
func TestLastOutput(t *testing.T) {
	leak.Check(t)
	const size = 60 << 10
	var stdout, stderr slow
	p, err := mp.Start(t.Context(), Chatter, size, &mp.ProcessOptions{Stdout: &stdout, Stderr: &stderr})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Join(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{"output": stdout.String(), "error": stderr.String()} {
		if len(s) != size+len("the last of it") || !strings.HasSuffix(s, "the last of it") {
			t.Errorf("%d bytes on standard %s, of %d", len(s), name, size+len("the last of it"))
		}
	}
}
