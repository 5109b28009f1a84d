package process_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/process"
)

// A SIGINT does not end spares: a terminal's Ctrl-C does not reach them, and they ignore one from pkill.
func TestSpareHearsNoInterrupt(t *testing.T) {
	k := keepSpares(t, 1)
	k.use(k.await(), func(pid int) bool {
		for range 3 {
			syscall.Kill(pid, syscall.SIGINT)
		}
		return k.bears(pid)
	})
}

// starting calls Start in a goroutine and returns when Start has taken the frozen spare. done gets the error of Start.
func starting(t *testing.T, frozen int) (p *mp.Process[birth], done <-chan error) {
	t.Helper()
	result := make(chan error, 1)
	p = mp.NewProcess(Born, 0, nil)
	go func() { result <- p.Start(context.Background()) }()
	for deadline := time.Now().Add(patience); len(mp.ActiveChildren()) == 0 || mp.ActiveChildren()[0].Pid() != frozen; {
		if time.Now().After(deadline) {
			t.Fatalf("spare %d was not taken, but %v", frozen, mp.ActiveChildren())
		}
	}
	return p, result
}

// A Start that takes a frozen spare waits for it for a second and then starts a new child. If the spare thaws in time, it is used.
func TestFrozenSpare(t *testing.T) {
	for how, act := range map[string]func(pid int){
		"left alone": func(int) {},
		"killed":     func(pid int) { syscall.Kill(pid, syscall.SIGKILL) },
		"thawed":     func(pid int) { syscall.Kill(pid, syscall.SIGCONT) },
	} {
		t.Run(how, func(t *testing.T) {
			k := keepSpares(t, 1)
			pid := k.await()
			if err := prog.Freeze(pid); err != nil {
				t.Fatal(err)
			}
			begin := time.Now().Round(0)
			p, done := starting(t, pid)
			act(pid)
			if err := next(t, done); err != nil {
				t.Fatal(err)
			}
			b, err := p.Result(t.Context())
			if err != nil || b.Name != p.Name() {
				t.Fatalf("%+v, %v", b, err)
			}
			if used := b.Pid == pid; used != b.Born.Before(begin) || used && how != "thawed" {
				t.Errorf("%+v after the spare %d", b, pid)
			}
			if how == "thawed" && b.Pid != pid {
				t.Logf("it came too late")
			}
			if prog.Alive(pid) {
				t.Errorf("%d lives", pid)
			}
		})
	}
}

// The end of its ctx ends a Start that waits for a frozen spare.
func TestFrozenSpareAndCtx(t *testing.T) {
	k := keepSpares(t, 1)
	if err := prog.Freeze(k.await()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(os.ErrDeadlineExceeded) })
	if _, err := mp.Start(ctx, Born, 0, nil); err == nil {
		t.Error("it was started although its ctx is over")
	}
}

// When this process has no descriptors left for a new child, Start can still use a spare. Without a spare it returns an error and
// does not hang.
func TestSparesWithoutDescriptors(t *testing.T) {
	k := keepSpares(t, 0)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	short := before
	var free [13]*os.File // their descriptors are enough for two or three spares, but not for eight
	for i := range free {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		free[i], short.Cur = f, uint64(f.Fd())+1
	}
	for _, f := range free {
		f.Close()
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &short); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)
	k.again(8)
	pid := k.await()
	for next(t, k.other).message != "a spare process could not be started" {
	}
	start := func(int) (served bool) {
		p, err := mp.Start(t.Context(), Double, 21, nil)
		if err != nil {
			return false
		}
		n, err := p.Result(t.Context())
		return n == 42 && err == nil
	}
	k.use(pid, start)
	for range 20 {
		start(0) // it may fail: another goroutine has the remaining descriptors, and there is no spare
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	k.again(3)
	for range 3 {
		k.await()
	}
}

// again calls KeepSpares: n spares are kept from now on.
func (k *keeper) again(n int) {
	k.t.Helper()
	if err := process.KeepSpares(n); err != nil {
		k.t.Fatal(err)
	}
}
