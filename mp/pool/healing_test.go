package pool_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
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

// watch sets OnEvent in opts, and returns a function that waits for the next event of a kind.
func watch(t *testing.T, opts *mp.PoolOptions) (await func(pool.EventKind) pool.Event) {
	events := make(chan pool.Event, 1000)
	opts.OnEvent = func(e pool.Event) { events <- e }
	return func(kind pool.EventKind) pool.Event {
		t.Helper()
		for {
			select {
			case e := <-events:
				if e.Kind == kind {
					return e
				}
			case <-time.After(30 * time.Second):
				t.Fatalf("no event %q", kind)
			}
		}
	}
}

// Errors and deaths are counted apart. An item that has used up its CrashRetries, 1 at least, is quarantined and named.
func TestRetryBudgets(t *testing.T) {
	opts := &mp.PoolOptions{Workers: 2, Retries: 3, CrashRetries: 2}
	await := watch(t, opts)
	p := newPool(t, opts)
	dir := prog.TempDir(t)
	for i, c := range []struct {
		how         string
		opts        []mp.CallOption
		attempts    int
		quarantined bool
	}{
		{"fail", nil, 4, false},
		{"kill", nil, 3, true},
		{"exit", nil, 3, true},
		{"kill", []mp.CallOption{pool.CrashRetries(0)}, 1, false},
		{"kill", []mp.CallOption{pool.CrashRetries(1)}, 2, true},
		{"fail", []mp.CallOption{mp.Retries(0)}, 1, false},
	} {
		path := filepath.Join(dir, string(rune('a'+i)))
		_, err := mp.Map(t.Context(), p, Tries, []tries{{path, c.how}, {path + "good", ""}}, append(c.opts, mp.KeepGoing())...)
		if b, _ := os.ReadFile(path); len(b) != c.attempts {
			t.Errorf("%s: %d attempts, want %d", c.how, len(b), c.attempts)
		}
		var exit *mp.ExitError
		if died := c.how != "fail"; errors.As(err, &exit) != died || died && exit.Index != 0 || errors.Is(err, pool.ErrQuarantined) != c.quarantined {
			t.Errorf("%s: %v", c.how, err)
		}
		if c.quarantined {
			if e := await(pool.EventQuarantined); e.Func != "tries" || e.Index != 0 || !errors.Is(e.Err, pool.ErrQuarantined) {
				t.Errorf("%v", e)
			}
			t.Log(err)
		}
	}
	if s := p.Stats(); s.Quarantined != 3 || s.Retried != 3+2+2+1 || s.Died != 3+3+1+2 {
		t.Errorf("%+v", s.Counts)
	}
}

// A crash that is retried affects no other item, and the call succeeds if the retry does.
func TestRetryAfterACrash(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{CrashRetries: 1})
	path := filepath.Join(prog.TempDir(t), "once")
	got, err := mp.Map(t.Context(), p, Once, slices.Repeat([]string{path}, 50))
	if err != nil || len(got) != 50 {
		t.Error(err)
	}
	if s := p.Stats(); s.Died != 1 || s.Retried != 1 {
		t.Errorf("%+v", s.Counts)
	}
}

// Once ends its worker at the first call with a path, and succeeds at the next ones.
var Once = mp.Register("once", func(_ context.Context, path string) (int, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		f.Close()
		os.Exit(3)
	}
	return 0, nil
})

// The error that blames an item shows its argument.
func TestBlameShowsTheArgument(t *testing.T) {
	p := newPool(t, nil)
	var exit *mp.ExitError
	_, err := mp.Map(t.Context(), p, Do, []task{{1, ""}, {2, "exit"}})
	if !errors.As(err, &exit) || exit.Arg != `{N:2 How:"exit"}` {
		t.Errorf("%q, %v", exit.Arg, err)
	}
	_, err = mp.Submit(t.Context(), p, Do, task{3, "exit"}).Wait(t.Context())
	if !errors.As(err, &exit) || exit.Arg != `{N:3 How:"exit"}` {
		t.Errorf("%q, %v", exit.Arg, err)
	}
	for _, err := range mp.IMap(t.Context(), p, Do, slices.Values([]task{{4, "exit"}})) {
		if !errors.As(err, &exit) || exit.Arg != `{N:4 How:"exit"}` {
			t.Errorf("%q, %v", exit.Arg, err)
		}
	}
}

// Events come in order: a worker starts, it dies of its item, its replacement starts.
func TestEvents(t *testing.T) {
	opts := &mp.PoolOptions{Workers: 1, MaxTasksPerWorker: 2}
	await := watch(t, opts)
	p := newPool(t, opts)
	first := await(pool.EventStarted)
	_, err := mp.Apply(t.Context(), p, Do, task{1, "exit"})
	died := await(pool.EventDied)
	var exit *mp.ExitError
	if !errors.As(err, &exit) || !errors.As(died.Err, &exit) || died.Worker != first.Worker || died.Pid != first.Pid || died.Func != "do" {
		t.Errorf("%v after %v", died, first)
	}
	second := await(pool.EventStarted)
	if second.Pid == first.Pid || second.Time.Before(died.Time) {
		t.Errorf("%v after %v", second, died)
	}
	if _, err := mp.Apply(t.Context(), p, Do, task{1, "wait"}, mp.Timeout(time.Millisecond)); !errors.Is(err, mp.ErrTimeout) {
		t.Error(err)
	}
	if _, err := mp.Map(t.Context(), p, Square, numbers(1)); err != nil {
		t.Error(err)
	}
	if e := await(pool.EventRecycled); e.Pid != second.Pid || !strings.Contains(e.String(), "MaxTasksPerWorker") {
		t.Errorf("%v", e)
	}
	await(pool.EventStarted)
	if s := p.Stats(); s.Started != 3 || s.Died != 1 || s.Recycled != 1 || s.Workers[0].Restarts != 2 {
		t.Errorf("%+v", s)
	}
}

// A worker that the pool had to kill is reported by EventKilled.
func TestKilledEvent(t *testing.T) {
	opts := &mp.PoolOptions{Workers: 1, KillDelay: time.Millisecond}
	await := watch(t, opts)
	p := newPool(t, opts)
	_, err := mp.Apply(t.Context(), p, Do, task{1, "deaf"}, mp.Timeout(time.Millisecond))
	if e := await(pool.EventKilled); !errors.Is(e.Err, mp.ErrTimeout) || !errors.Is(err, mp.ErrTimeout) {
		t.Errorf("%v, %v", e, err)
	}
}

// A worker that exits by itself while it is idle counts as died, even with exit code 0.
func TestDiedWhileIdle(t *testing.T) {
	opts := &mp.PoolOptions{Workers: 1}
	await := watch(t, opts)
	p := newPool(t, opts)
	ours, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := mp.Apply(t.Context(), p, Tether, ours)
	ours.Close()
	theirs.Close()
	var exit *mp.ExitError
	if e := await(pool.EventDied); e.Pid != pid || !errors.As(e.Err, &exit) || exit.ExitCode != 0 || err != nil {
		t.Errorf("pid %d, %v: %v", pid, err, e)
	}
	if n, err := mp.Apply(t.Context(), p, Square, 3); n != 9 || err != nil {
		t.Error(n, err)
	}
	if s := p.Stats(); s.Died != 1 || s.Started != 2 {
		t.Errorf("%+v", s.Counts)
	}
}

// Tether makes its worker exit when the other end of a pipe is closed.
var Tether = mp.Register("tether", func(_ context.Context, f *os.File) (int, error) {
	go func() {
		io.Copy(io.Discard, f)
		os.Exit(0)
	}()
	return os.Getpid(), nil
})

// Close, called from OnEvent, ends the pool and does not hang. PY-POOL-31
func TestCloseFromAnEvent(t *testing.T) {
	leak.Check(t)
	closed := make(chan error, 1)
	var p *mp.Pool
	made := make(chan struct{})
	p, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 2, OnEvent: func(e pool.Event) {
		<-made
		if e.Kind == pool.EventDied {
			closed <- p.Close()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	close(made)
	mp.Apply(t.Context(), p, Do, task{1, "exit"})
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// Workers with nothing to do leave, and come back when there is work. PY-PPE-12
func TestIdleTimeout(t *testing.T) {
	opts := &mp.PoolOptions{Workers: 3, IdleTimeout: 20 * time.Millisecond}
	await := watch(t, opts)
	p := newPool(t, opts)
	for range 3 {
		for range 3 {
			if e := await(pool.EventRecycled); !strings.Contains(e.Err.Error(), "IdleTimeout") {
				t.Errorf("%v", e)
			}
		}
		if got, err := mp.Map(t.Context(), p, Square, numbers(100)); err != nil || got[99] != 99*99 {
			t.Error(err)
		}
		if n, err := mp.Apply(t.Context(), p, Square, 3); n != 9 || err != nil {
			t.Error(n, err)
		}
		// Three calls at a time, which last until they time out, need three workers again.
		start := make(chan error, 3)
		for range 3 {
			go func() {
				_, err := mp.Apply(t.Context(), p, Do, task{1, "wait"}, mp.Timeout(200*time.Millisecond))
				start <- err
			}()
		}
		for range 3 {
			if err := <-start; !errors.Is(err, mp.ErrTimeout) {
				t.Error(err)
			}
		}
	}
}

// A worker that has grown too large is replaced after its task.
func TestMaxMemoryPerWorker(t *testing.T) {
	opts := &mp.PoolOptions{Workers: 1, MaxMemoryPerWorker: 256 << 20}
	await := watch(t, opts)
	p := newPool(t, opts)
	pid, err := mp.Apply(t.Context(), p, Grow, 1)
	if again, err := mp.Apply(t.Context(), p, Grow, 1); again != pid || err != nil {
		t.Errorf("pid %d, then %d: %v", pid, again, err)
	}
	if big, err2 := mp.Apply(t.Context(), p, Grow, 300); big != pid || err != nil || err2 != nil {
		t.Errorf("pid %d, then %d: %v, %v", pid, big, err, err2)
	}
	if e := await(pool.EventRecycled); e.Pid != pid || !strings.Contains(e.Err.Error(), "MaxMemoryPerWorker of 256 MiB") {
		t.Errorf("%v", e)
	}
	if fresh, err := mp.Apply(t.Context(), p, Grow, 1); fresh == pid || err != nil {
		t.Errorf("pid %d, then %d: %v", pid, fresh, err)
	}
}

var grown [][]byte

// Grow allocates so many MiB more, writes to them, and keeps them.
var Grow = mp.Register("grow", func(_ context.Context, mib int) (int, error) {
	b := make([]byte, mib<<20)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	grown = append(grown, b)
	runtime.GC()
	time.Sleep(2 * 10 * time.Millisecond) // so that the pool looks at the memory again
	return os.Getpid(), nil
})

// When Init fails with ErrExiting, because its worker was exiting, the pool does not end: it tries another worker.
func TestInitInAnExitingWorker(t *testing.T) {
	file := filepath.Join(prog.TempDir(t), "fail")
	p := newPool(t, &mp.PoolOptions{Workers: 1, Init: Prepare.With("exiting " + file)})
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mp.Apply(t.Context(), p, Do, task{1, "exit"}); !errors.As(err, new(*mp.ExitError)) {
		t.Fatal(err)
	}
	if n, err := mp.Apply(t.Context(), p, Square, 3); n != 9 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("Init has not failed")
	}
}

// An Init that takes longer than InitTimeout is ended, whether it heeds its ctx or not, and NewPool says so.
func TestInitTimeout(t *testing.T) {
	for _, how := range []string{"hang", "deaf"} {
		leak.Check(t)
		start := time.Now()
		_, err := mp.NewPool(t.Context(), &mp.PoolOptions{
			Workers: 2, Init: Prepare.With(how), InitTimeout: 50 * time.Millisecond, KillDelay: 50 * time.Millisecond,
		})
		if !errors.Is(err, mp.ErrTimeout) || !strings.Contains(err.Error(), "InitTimeout of 50ms") || time.Since(start) > 20*time.Second {
			t.Errorf("%s: %v", how, err)
		}
		t.Log(err)
	}
}

func TestStatsOfWork(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{KillDelay: time.Millisecond})
	if _, err := mp.Map(t.Context(), p, Slow, []time.Duration{0, 50 * time.Millisecond, 0, 20 * time.Millisecond, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	f := mp.Submit(t.Context(), p, Do, task{1, "wait"})
	awaitBusy(t, p, 1)
	s := p.Stats()
	f.Cancel()
	// The durations are those that the pool saw: on a busy machine it may hear late that an item has begun or ended.
	slowest := make(map[int]bool)
	var longest time.Duration
	for _, l := range s.Slowest {
		slowest[l.Index] = l.Func == "slow"
		longest += l.Took
	}
	if len(s.Slowest) != 5 || !slowest[1] || !slowest[3] || !slices.IsSortedFunc(s.Slowest, func(a, b pool.SlowTask) int { return cmp.Compare(b.Took, a.Took) }) {
		t.Errorf("%+v", s.Slowest)
	}
	var work time.Duration
	tasks := 0
	var at []string
	for _, w := range s.Workers {
		work += w.Working
		tasks += w.Tasks
		if w.Task != "" {
			at = append(at, w.Task)
		}
		if w.Load() < 0 || w.Load() > 1 || w.Up < w.Working || w.Memory < 1<<20 || w.Restarts != 0 || w.Leaving {
			t.Errorf("%+v", w)
		}
	}
	if work < longest || tasks != 7 || !slices.Equal(at, []string{"do"}) {
		t.Errorf("%v, %d, %q: %+v", work, tasks, at, s)
	}
	f.Wait(t.Context())
}

// OnceDeaf ends its worker at the first call with a path. At the second call it never returns.
var OnceDeaf = mp.Register("once.deaf", func(_ context.Context, path string) (int, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		f.Close()
		os.Exit(3)
	}
	os.WriteFile(path+" again", nil, 0o600)
	select {}
})

// When a worker is killed because a call was cancelled, that death does not count for the quarantine of the item.
func TestCancelledIsNotQuarantined(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1, CrashRetries: 1, KillDelay: -1})
	path := filepath.Join(prog.TempDir(t), "once")
	f := mp.Submit(t.Context(), p, OnceDeaf, path)
	for {
		if _, err := os.Stat(path + " again"); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	f.Cancel()
	<-f.Done()
	if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) || errors.Is(err, pool.ErrQuarantined) {
		t.Error(err)
	}
	if s := p.Stats(); s.Quarantined != 0 {
		t.Errorf("%+v", s.Counts)
	}
}
