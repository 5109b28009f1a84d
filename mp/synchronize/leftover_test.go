package synchronize_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// These are in package variables: every process makes its own, as its package initialisation runs.
var (
	aparts, _ = synchronize.NewSemaphore(1)
	apart, _  = synchronize.NewLock()
)

// Apart takes the lock and the permit in the package variables, and its process ends with them.
var Apart = mp.Register("apart", func(context.Context, int) ([]bool, error) {
	s, err := aparts.TryAcquire()
	l, err2 := apart.TryAcquire()
	return []bool{s, l}, errors.Join(err, err2)
})

// An object in a package variable is not shared with other processes, and does no harm. PY-SYNC-09
func TestPackageVariable(t *testing.T) {
	leak.Check(t)
	for range 2 {
		p, err := mp.Start(t.Context(), Apart, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Result(t.Context())
		if err != nil || !got[0] || !got[1] {
			t.Error(got, err)
		}
		if err := p.Join(t.Context()); err != nil {
			t.Error(err)
		}
		if code, ended := p.ExitCode(); code != 0 || !ended {
			t.Error(code, ended)
		}
	}
	if n, err := aparts.Value(); n != 1 || err != nil || apart.String() != "<Lock free>" {
		t.Error(n, err, apart)
	}
}

// all has two of each object that a process could leave behind.
type all struct {
	Locks      [2]*synchronize.Lock
	Semaphores [2]*synchronize.Semaphore
	Memory     [2]*sharedmem.SharedMemory
}

// MakeAll makes the objects, takes one lock and one permit, sends all objects away, and stays.
var MakeAll = mp.Register("make-all", func(ctx context.Context, to *queue.Queue[all]) (int, error) {
	var a all
	var errs [8]error
	for i := range 2 {
		a.Locks[i], errs[i] = synchronize.NewLock()
		a.Semaphores[i], errs[2+i] = synchronize.NewSemaphore(1)
		a.Memory[i], errs[4+i] = sharedmem.New(1 << 16)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return 0, err
	}
	a.Memory[1].Bytes()[7] = 7
	if err := errors.Join(a.Locks[0].Acquire(ctx), a.Semaphores[0].Acquire(ctx), to.Put(ctx, a)); err != nil {
		return 0, err
	}
	<-ctx.Done()
	return 0, ctx.Err()
})

// However the process that made objects ends, it leaves nothing in the file system. Other processes that have its memory keep
// it, and calls of its other objects return ErrClosed. PY-TRACK-01, PY-SHM-13
func TestNothingIsLeft(t *testing.T) {
	leak.Check(t)
	for how, end := range map[string]func(*mp.Process[int]) error{"kill": (*mp.Process[int]).Kill, "terminate": (*mp.Process[int]).Terminate} {
		dir, err := os.MkdirTemp("", "left") // not t.TempDir, whose RemoveAll does not work in Wine
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		})
		t.Setenv("TMPDIR", dir)
		t.Setenv("TMP", dir) // Windows'
		to, err := queue.New[all](1)
		if err != nil {
			t.Fatal(err)
		}
		p, err := mp.Start(t.Context(), MakeAll, to, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := to.Get(t.Context())
		if err != nil {
			t.Fatal(how, err)
		}
		if ok, err := a.Locks[0].TryAcquire(); ok || err != nil {
			t.Errorf("%s: it does not hold its lock, %v", how, err)
		}
		if err := end(p); err != nil {
			t.Error(how, err)
		}
		if err := errors.Join(p.Join(t.Context()), p.Close(), to.Close()); err != nil {
			t.Error(how, err)
		}
		if b := a.Memory[1].Bytes()[7]; b != 7 {
			t.Errorf("%s: its memory has %d", how, b)
		}
		for i := range 2 {
			if err := a.Locks[i].Acquire(t.Context()); !errors.Is(err, mp.ErrClosed) {
				t.Error(how, err)
			}
			if err := a.Semaphores[i].Acquire(t.Context()); !errors.Is(err, mp.ErrClosed) {
				t.Error(how, err)
			}
			if err := a.Memory[i].Close(); err != nil {
				t.Error(how, err)
			}
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left, %v", how, left, err)
		}
		if named, _ := filepath.Glob("/dev/shm/*mp-*"); len(named) > 0 { // where Python's would be
			t.Errorf("%s: %v is left", how, named)
		}
	}
}
