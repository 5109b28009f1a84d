//go:build unix

package process_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// The functions below are the POSIX part of what the children of these tests do.

// signalOneself sends this process the signal that how names.
func signalOneself(how string) error {
	if how == "abort" {
		syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {}
	}
	return nil
}

// writeEverywhere writes to every stream and link of this process.
func writeEverywhere(text []byte) {
	for fd := 1; fd < 12; fd++ {
		syscall.Write(fd, text)
	}
}

// closeEverything closes every link of this process.
func closeEverything() {
	for fd := 3; fd < 12; fd++ {
		syscall.Close(fd)
	}
}

var FDs = mp.Register("fds", func(context.Context, int) ([]string, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	var open []string
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			open = append(open, e.Name()+" "+target)
		}
	}
	return open, err
})

// PY-PROC-23, PY-BOOT-11
func TestDescriptorsInTheChild(t *testing.T) {
	leak.Check(t)
	f, err := os.Open(tempFile(t, "x"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var counts []int
	var siblings []*mp.Process[int]
	for range 4 {
		p, err := mp.Start(t.Context(), FDs, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		open, err := p.Result(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, len(open))
		for _, o := range open {
			if strings.Contains(o, "/file") {
				t.Errorf("a file of ours is open in the child: %s", o)
			}
		}
		siblings = append(siblings, started(t, t.Context(), Deaf, 0, nil))
	}
	for _, p := range siblings {
		p.Kill()
		p.Join(t.Context())
	}
	if slices.Max(counts) != slices.Min(counts) {
		t.Errorf("descriptors in children beside 0, 1, 2 and 3 siblings: %v", counts)
	}
}

// A SIGABRT shows in the child's error. Go turns the signal into a fatal error with a dump.
func TestAbort(t *testing.T) {
	code, _, err := fate(t, "abort")
	var exit *mp.ExitError
	if !errors.As(err, &exit) || code != 2 || exit.Cause != mp.CauseFatal || !strings.Contains(exit.Stack, "SIGABRT") {
		t.Errorf("%v, exit code %d", err, code)
	}
}

// Stray writes to every pipe of its process, the one for the runtime's fatal dumps among them, and ignores its ctx.
var Stray = mp.Register("stray", func(context.Context, int) (int, error) {
	for fd := 3; fd < 20; fd++ {
		var s syscall.Stat_t
		if syscall.Fstat(fd, &s) == nil && s.Mode&syscall.S_IFMT == syscall.S_IFIFO {
			syscall.Write(fd, []byte("hello\n"))
		}
	}
	os.Stdout.WriteString("the goroutine is done\n")
	select {}
})

// If other code writes to the descriptor of the dump, its output is not taken for a dump, and the error says that the process was
// cancelled. A ctx that was cancelled with ErrTimeout as its cause counts as cancelled, not as past its deadline.
func TestStrayWriteIsNoDump(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	late := canceller{make(chan struct{}), func() { cancel(mp.ErrTimeout) }}
	p, err := mp.Start(ctx, Stray, 0, &mp.ProcessOptions{KillDelay: -1, Stdout: late})
	close(late.started)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Result(t.Context())
	var exit *mp.ExitError
	if !errors.As(err, &exit) || exit.Cause != mp.CauseCancel || !errors.Is(err, context.Canceled) || exit.Stack != "" {
		t.Errorf("%v", err)
	}
}
