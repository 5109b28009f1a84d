package pool_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

// PY-PPE-03: a failure does not hide the results before it.
func TestIMapYieldsUpToTheFailure(t *testing.T) {
	p := newPool(t, nil)
	var got []int
	var failure error
	for n, err := range mp.IMap(t.Context(), p, Do, func(yield func(task) bool) {
		for i := range 10 {
			if !yield(task{i, map[bool]string{true: "fail"}[i == 3]}) {
				return
			}
		}
	}) {
		if failure = err; err != nil {
			break
		}
		got = append(got, n)
	}
	if len(got) != 3 || got[2] != 4 || !errors.Is(failure, errUnlucky) {
		t.Errorf("%v, %v", got, failure)
	}
}

// PY-PPE-25: cancel_futures is a loop over Cancel here. The other futures end as they would have.
func TestCancelBeforeShutdown(t *testing.T) {
	p := newPool(t, nil)
	var futures []*mp.Future[int]
	for range 50 {
		futures = append(futures, mp.Submit(t.Context(), p, Slow, time.Millisecond))
	}
	if _, err := pool.WaitAny(t.Context(), futures...); err != nil {
		t.Error(err)
	}
	blocked := submitAll(t, p, "wait", "wait")
	for _, f := range futures[25:] {
		f.Cancel()
	}
	for _, f := range blocked {
		f.Cancel()
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for i, f := range futures {
		pid, err := f.Wait(over())
		switch {
		case f.Cancelled() && (i < 25 || !errors.Is(err, context.Canceled)):
			t.Errorf("%d is cancelled: %v", i, err)
		case !f.Cancelled() && (pid == 0 || err != nil):
			t.Errorf("%d: %d, %v", i, pid, err)
		}
	}
	for _, f := range blocked {
		if !f.Cancelled() {
			t.Error(f)
		}
	}
}

// PY-PPE-26: a Shutdown right after a cancel lets the other calls end and leaves no worker.
func TestCancelAndShutdown(t *testing.T) {
	for range 5 {
		p := newPool(t, &mp.PoolOptions{KillDelay: time.Millisecond})
		f := submitAll(t, p, "wait", "", "deaf")
		f[0].Cancel()
		f[2].Cancel()
		if err := p.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if n, err := f[1].Wait(over()); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if left := mp.ActiveChildren(); len(left) != 0 {
			t.Errorf("%v", left)
		}
	}
}

// PY-PPE-26: during a Shutdown in the background the calls end and the workers leave, also if each does one task and some fail.
func TestShutdownInTheBackground(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{MaxTasksPerWorker: 1})
	f := submitAll(t, p, "", "fail", "", "panic", "", "")
	ended := make(chan error)
	go func() { ended <- p.Shutdown(context.Background()) }()
	got, err := mp.WaitAll(t.Context(), f...)
	if !errors.Is(err, errUnlucky) || got[5] != 25 {
		t.Errorf("%v, %v", got, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if left := mp.ActiveChildren(); len(left) != 0 {
		t.Errorf("%v", left)
	}
}

// When calls that Shutdown waits for are cut short, its error says so, and why.
func TestShutdownOfCallsThatAreCutShort(t *testing.T) {
	t.Run("broken", func(t *testing.T) {
		p := newPool(t, &mp.PoolOptions{Workers: 1, Init: Prepare.With("once " + filepath.Join(prog.TempDir(t), "count"))})
		submitAll(t, p, "kill", "kill", "wait")
		if err := p.Shutdown(context.Background()); !errors.Is(err, pool.ErrBroken) || !errors.Is(err, errUnlucky) {
			t.Error(err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		p := newPool(t, &mp.PoolOptions{Workers: 2})
		submitAll(t, p, "wait")
		awaitBusy(t, p, 1)
		ended := make(chan error)
		go func() { ended <- p.Shutdown(context.Background()) }()
		for err := error(nil); !errors.Is(err, mp.ErrClosed); { // until Shutdown has begun
			_, err = mp.Apply(t.Context(), p, Square, 1)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
	})
	t.Run("ctx", func(t *testing.T) {
		leak.Check(t)
		ctx, cancel := context.WithCancel(t.Context())
		p, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		submitAll(t, p, "wait")
		awaitBusy(t, p, 1)
		cancel()
		if err := p.Shutdown(context.Background()); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
