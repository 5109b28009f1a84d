//go:build linux

package odd_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A program works as the first process of a container, where signals that it does not handle do not reach it, and orphans
// become its children. PY-ORPH-05
func TestPidOne(t *testing.T) {
	dir := "DIR=" + install(t)
	r := run(t, "change start map kill end left", []string{dir, "MP_TEST_CHANGE=echo $PPID"}, "unshare",
		unshared(t, "-mpf", "mount -t proc proc /proc; exec $DIR/place")...)
	expect(t, r, "change: 1\n"+started+mapped+"kill: -9\nend: cancelled true\nleft: 0\n")

	// SIGTERM: the Go runtime ends it although the kernel would not.
	r = run(t, "stay change", []string{dir, "MP_TEST_CHANGE=kill -TERM 1; sleep 60"}, "unshare",
		unshared(t, "-mpf", "mount -t proc proc /proc; exec $DIR/place")...)
	if r.Code != 2 || r.Stdout != "stay: \n" || r.Stderr != "" {
		t.Errorf("%+v", r)
	}
}

var (
	Pid = mp.Register("pid", func(context.Context, bool) (int, error) { return syscall.Getpid(), nil })
	// Stop freezes its own process, as a debugger or a terminal may.
	Stop = mp.Register("stop", func(ctx context.Context, _ bool) (bool, error) {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGSTOP); err != nil {
			return false, err
		}
		<-ctx.Done() // another thread may get the signal first
		return false, ctx.Err()
	})
	// Spin runs until it is told to stop; it never calls the scheduler.
	Spin = mp.Register("spin", func(ctx context.Context, _ bool) (bool, error) {
		for ctx.Err() == nil {
		}
		return true, nil
	})
)

// A stopped process, which reacts to nothing, still ends by Kill, by the end of its ctx, and by the Close of its pool.
func TestStopped(t *testing.T) {
	leak.Check(t)
	for what, end := range map[string]func(p *mp.Process[bool], cancel func()){
		"kill": func(p *mp.Process[bool], _ func()) { p.Kill() },
		"ctx":  func(_ *mp.Process[bool], cancel func()) { cancel() },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		p, err := mp.Start(ctx, Stop, true, &mp.ProcessOptions{KillDelay: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		awaitState(t, p.Pid(), 'T')
		end(p, cancel)
		var exit *mp.ExitError
		if _, err := p.Result(t.Context()); !errors.As(err, &exit) || exit.Signal != syscall.SIGKILL {
			t.Errorf("%s: %v", what, err)
		}
		cancel()
	}

	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 2, KillDelay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	f := mp.Submit(t.Context(), pool, Stop, true)
	stopped := func() bool {
		for _, w := range pool.Stats().Workers {
			if state(w.Pid) == 'T' {
				return true
			}
		}
		return false
	}
	for !stopped() {
		time.Sleep(time.Millisecond)
	}
	pool.Close()
	if _, err := f.Wait(t.Context()); err == nil {
		t.Error("the item of a killed worker has a result")
	}
}

func awaitState(t *testing.T, pid int, want byte) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); state(pid) != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d is in state %c", pid, state(pid))
		}
	}
}

// state is the state of a process as ps shows it, 0 when there is none.
func state(pid int) byte {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if _, rest, found := strings.Cut(string(stat), ") "); found {
		return rest[0]
	}
	return 0
}

// A child whose function keeps its only processor busy still learns that its ctx has ended, and ends with its parent.
// PY-ORPH-02
func TestOneProcessor(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := mp.Start(ctx, Spin, true, &mp.ProcessOptions{KillDelay: time.Minute, Env: append(os.Environ(), "GOMAXPROCS=1")})
	cancel()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Join(t.Context()); err != nil {
		t.Error(err)
	}
	if code, _ := p.ExitCode(); code != 0 {
		t.Errorf("it was not asked to stop, but ended with %d", code)
	}

	r := run(t, "start map kill end left stay change", []string{"GOMAXPROCS=1", "MP_TEST_CHANGE=kill -KILL $PPID"}, static(t, "old"))
	if r.Code != -int(syscall.SIGKILL) || r.Stdout != started+mapped+"kill: -9\nend: cancelled true\nleft: 0\nstay: \n" {
		t.Errorf("%+v", r)
	}
}
