package pool_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

// spareLog is a logger that passes on what the pool logs about spares.
type spareLog struct {
	t     testing.TB
	ready chan int    // pids of spares that are ready
	other chan string // the other messages about spares
}

func (l spareLog) Debug(msg string, args ...any) {
	switch {
	case msg == "a spare process is ready":
		l.ready <- args[1].(int)
	case strings.HasPrefix(msg, "a spare process"):
		l.other <- msg
	}
}
func (l spareLog) Warn(msg string, args ...any)  { l.Debug(msg, args...) }
func (l spareLog) Error(msg string, args ...any) { l.Debug(msg, args...) }

// await waits until the next spare is ready.
func (l spareLog) await() (pid int) {
	l.t.Helper()
	select {
	case pid = <-l.ready:
	case <-time.After(30 * time.Second):
		l.t.Fatal("no spare is ready")
	}
	return pid
}

// spared makes a pool with spares. The spareLog tells of the spares, the returned function waits for an event of the pool.
func spared(t *testing.T, opts *mp.PoolOptions) (*mp.Pool, spareLog, func(pool.EventKind) pool.Event) {
	t.Helper()
	l := spareLog{t, make(chan int, 1000), make(chan string, 1000)}
	opts.Logger = l
	await := watch(t, opts)
	return newPool(t, opts), l, await
}

// A dead worker is replaced by a spare, which is then a worker like any other.
func TestSpareReplacesTheDead(t *testing.T) {
	p, l, await := spared(t, &mp.PoolOptions{Workers: 1, Spares: 2, Init: Prepare.With("twice")})
	var names []string
	names = append(names, await(pool.EventStarted).Worker)
	var ready []int
	for range 3 {
		for len(ready) < 2 {
			ready = append(ready, l.await())
		}
		if n := len(mp.ActiveChildren()); n != 1 {
			t.Errorf("%d children, with a worker and two spares", n)
		}
		if _, err := mp.Apply(t.Context(), p, Do, task{1, "exit"}); err == nil {
			t.Error("it has not died")
		}
		e := await(pool.EventStarted)
		i := slices.Index(ready, e.Pid)
		if i < 0 {
			t.Fatalf("%v, of the spares %v", e, ready)
		}
		ready = slices.Delete(ready, i, i+1)
		names = append(names, e.Worker)
		if s, err := mp.Apply(t.Context(), p, State, 0); s != "not prepared; twice" || err != nil {
			t.Error(s, err)
		}
	}
	for i, name := range names[1:] {
		if name == names[i] || !strings.HasPrefix(name, "PoolWorker-") {
			t.Errorf("%v", names)
		}
	}
	if s := p.Stats(); s.Died != 3 || len(s.Workers) != 1 {
		t.Errorf("%+v", s)
	}
}

// Workers that are recycled, or leave because they are idle, are replaced by spares, too.
func TestSpareReplacesTheLeaving(t *testing.T) {
	for what, opts := range map[string]*mp.PoolOptions{
		"recycled": {Workers: 1, Spares: 1, MaxTasksPerWorker: 1},
		"idle":     {Workers: 1, Spares: 1, IdleTimeout: time.Millisecond},
	} {
		t.Run(what, func(t *testing.T) {
			p, l, _ := spared(t, opts)
			pid := l.await()
			for deadline := time.Now().Add(30 * time.Second); ; {
				got, err := mp.Apply(t.Context(), p, Pid, 0)
				if err != nil {
					t.Fatal(err)
				}
				if got == pid {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("the spare %d is not used", pid)
				}
			}
			l.await()
		})
	}
}

// Where returns the directory of a worker, a variable of its environment, and the memory limit of its Go runtime.
var Where = mp.Register("where", func(context.Context, int) ([]string, error) {
	dir, err := os.Getwd()
	return []string{dir, os.Getenv("MP_TEST_VAR"), os.Getenv("GOMEMLIMIT")}, err
})

// Spares have the Dir, Env and Limits of the pool. A spare that was made before the environment of this process changed is
// not used.
func TestSparesAreOfThePool(t *testing.T) {
	dir := prog.TempDir(t)
	opts := &mp.PoolOptions{Workers: 1, Spares: 1, Dir: dir, Env: []string{"MP_TEST_VAR=set"}}
	if runtime.GOOS != "darwin" {
		opts.Limits.Memory = 512 << 20
	}
	p, l, await := spared(t, opts)
	await(pool.EventStarted)
	first, err := mp.Apply(t.Context(), p, Where, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, stale := range []bool{false, true} {
		pid := l.await()
		if stale {
			t.Setenv("MP_DEBUG", "0") // a child gets MP_DEBUG of this process whatever its Env is
		}
		if _, err := mp.Apply(t.Context(), p, Do, task{1, "exit"}); err == nil {
			t.Error("it has not died")
		}
		if e := await(pool.EventStarted); (e.Pid == pid) == stale {
			t.Errorf("%v, spare %d, stale: %v", e, pid, stale)
		}
		if got, err := mp.Apply(t.Context(), p, Where, 0); err != nil || !slices.Equal(got, first) {
			t.Error(got, first, err)
		}
	}
}

// A spare that is killed is replaced, and does not count as a worker that died.
func TestSparesDieUnseen(t *testing.T) {
	p, l, _ := spared(t, &mp.PoolOptions{Workers: 1, Spares: 1})
	for range 3 {
		prog.Kill(l.await())
		if msg := <-l.other; msg != "a spare process has died" {
			t.Error(msg)
		}
	}
	l.await()
	if s := p.Stats(); s.Died != 0 || s.Started != 1 {
		t.Errorf("%+v", s.Counts)
	}
}

// Close works before spares are made, while they are being made, and after that.
func TestCloseMeetsSpares(t *testing.T) {
	leak.Check(t)
	for i := range 10 {
		p, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1, Spares: 3})
		if err != nil {
			t.Fatal(err)
		}
		for range i % 4 {
			var exit *mp.ExitError
			if _, err := mp.Apply(t.Context(), p, Do, task{1, "exit"}); !errors.As(err, &exit) {
				t.Error(err)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A pool that could not be started leaves no spares, and when the ctx of a pool ends, its spares end.
func TestSparesEndWithThePool(t *testing.T) {
	leak.Check(t)
	l := spareLog{t, make(chan int, 10), make(chan string, 10)}
	opts := &mp.PoolOptions{Workers: 1, Spares: 2, Logger: l}
	opts.Init = Prepare.With("fail")
	if _, err := mp.NewPool(t.Context(), opts); !errors.Is(err, errUnlucky) {
		t.Error(err)
	}
	opts.Init = mp.Initializer{}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := mp.NewPool(ctx, opts); err != nil {
		t.Fatal(err)
	}
	l.await()
	cancel()
	for _, opts := range []*mp.PoolOptions{{Spares: -1}, {Spares: 1, InProcess: true}} {
		if _, err := mp.NewPool(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "Spares") {
			t.Error(err)
		}
	}
}
