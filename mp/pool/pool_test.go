package pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

// PY-POOL-01, PY-POOL-02
func TestMap(t *testing.T) {
	p := newPool(t, nil)
	many := 20_000
	if prog.Wine() {
		many = 2_000 // a message takes a hundred times as long there
	}
	for _, n := range []int{0, 1, 10, 100, many} {
		for _, opts := range [][]mp.CallOption{nil, {mp.ChunkSize(1)}, {mp.ChunkSize(7)}, {mp.ChunkSize(1 << 20)}} {
			got, err := mp.Map(t.Context(), p, Square, numbers(n), opts...)
			if err != nil || len(got) != n {
				t.Fatalf("%d items: %d results, %v", n, len(got), err)
			}
			for i, r := range got {
				if r != i*i {
					t.Fatalf("item %d gave %d", i, r)
				}
			}
		}
	}
	if n, err := mp.Apply(t.Context(), p, Square, 12); n != 144 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// PY-POOL-04, PY-POOL-17: an argument or result that cannot be encoded fails only its own item, and costs no worker.
func TestUnsendable(t *testing.T) {
	p := newPool(t, nil)
	for range 20 {
		if _, err := mp.Apply(t.Context(), p, Opaque, any(make(chan int))); err == nil || !strings.Contains(err.Error(), "chan int") {
			t.Fatalf("argument: %v", err)
		}
		_, err := mp.Apply(t.Context(), p, Opaque, any("func"))
		var remote *mp.RemoteError
		if !errors.As(err, &remote) || !strings.Contains(remote.Message, "the result cannot be encoded") {
			t.Fatalf("result: %v", err)
		}
	}
	items := []any{1, "two", make(chan int), 4.0, "func", nil, []any{func() {}}, 8}
	got, err := mp.Map(t.Context(), p, Opaque, items, mp.KeepGoing(), mp.ChunkSize(8))
	if got[0] != 1 || got[1] != "two" || got[3] != 4.0 || got[5] != nil || got[7] != 8 {
		t.Errorf("%v", got)
	}
	for _, want := range []string{"(item 2)", "(item 4)", "(item 6)"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s is not in: %v", want, err)
		}
	}
	if s := p.Stats(); s.Started != 2 || len(s.Workers) != 2 {
		t.Errorf("workers were lost: %+v", s)
	}
}

// PY-POOL-05
func TestEmpty(t *testing.T) {
	p := newPool(t, nil)
	if got, err := mp.Map(t.Context(), p, Square, nil, mp.ChunkSize(5)); len(got) != 0 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	for range mp.IMap(t.Context(), p, Square, slices.Values([]int(nil))) {
		t.Error("a result of nothing")
	}
}

// PY-POOL-10, PY-POOL-20
func TestBadOptions(t *testing.T) {
	leak.Check(t)
	for want, opts := range map[string]*mp.PoolOptions{
		"Workers is -1":           {Workers: -1},
		"MaxTasksPerWorker is -1": {MaxTasksPerWorker: -1},
		"TaskTimeout is -1":       {TaskTimeout: -1},
		"Retries is -2":           {Retries: -2},
	} {
		if _, err := mp.NewPool(t.Context(), opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mp.NewPool(over, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a ctx that is over: %v", err)
	}
	if _, err := mp.Map[int, int](t.Context(), nil, Square, []int{1}); err == nil {
		t.Error("a nil pool")
	}
	p := newPool(t, nil)
	for _, opt := range []mp.CallOption{mp.ChunkSize(0), mp.Timeout(0), mp.Retries(-1)} {
		if _, err := mp.Map(t.Context(), p, Square, []int{1}, opt); err == nil {
			t.Error("a bad option")
		}
	}
	if _, err := mp.Apply[int, int](t.Context(), p, nil, 1); err == nil {
		t.Error("a nil function")
	}
	if _, err := mp.Apply(over, p, Square, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("a call under a ctx that is over: %v", err)
	}
}

func TestDefaultWorkers(t *testing.T) {
	leak.Check(t)
	p, err := mp.NewPool(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if n := len(p.Stats().Workers); n != mp.CPUCount() || len(mp.ActiveChildren()) != n {
		t.Errorf("%d workers, %d children", n, len(mp.ActiveChildren()))
	}
	for _, c := range mp.ActiveChildren() {
		if !strings.HasPrefix(c.Name(), "PoolWorker-") || !c.Daemon() {
			t.Error(c)
		}
	}
}

// PY-POOL-11: Close returns promptly, whatever is queued and running, and every waiter gets ErrClosed.
func TestCloseWithWork(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 3, KillDelay: 50 * time.Millisecond})
	items := make([]task, 10_000)
	for i := range items {
		items[i] = task{i, "deaf"}
	}
	result := make(chan error, 2)
	go func() {
		_, err := mp.Map(t.Context(), p, Do, items)
		result <- err
	}()
	go func() {
		_, err := mp.Submit(t.Context(), p, Do, task{0, "wait"}).Wait(t.Context())
		result <- err
	}()
	awaitBusy(t, p, 3)
	start := time.Now()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("Close took %v", took)
	}
	for range 2 {
		if err := <-result; !errors.Is(err, mp.ErrClosed) {
			t.Errorf("%v", err)
		}
	}
	if left := mp.ActiveChildren(); len(left) != 0 {
		t.Errorf("%v", left)
	}
	// PY-POOL-12
	if _, err := mp.Apply(t.Context(), p, Square, 1); !errors.Is(err, mp.ErrClosed) || !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	for _, err := range mp.IMap(t.Context(), p, Square, slices.Values([]int{1})) {
		if !errors.Is(err, mp.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	if err := p.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

// awaitBusy waits until n workers are at work.
func awaitBusy(t *testing.T, p *mp.Pool, n int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		busy := 0
		for _, w := range p.Stats().Workers {
			if w.Busy {
				busy++
			}
		}
		if busy >= n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d workers are busy: %+v", busy, n, p.Stats())
		}
	}
}

// PY-PPE-25, PY-POOL-26
func TestShutdownDrains(t *testing.T) {
	p := newPool(t, nil)
	var futures []*mp.Future[int]
	for i := range 50 {
		futures = append(futures, mp.Submit(t.Context(), p, Square, i))
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for i, f := range futures {
		if n, err := f.Wait(t.Context()); n != i*i || err != nil {
			t.Errorf("%d: %d, %v", i, n, err)
		}
	}
	if _, err := mp.Apply(t.Context(), p, Square, 1); !errors.Is(err, mp.ErrClosed) {
		t.Errorf("after Shutdown: %v", err)
	}
}

func TestShutdownIsBounded(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{KillDelay: time.Millisecond})
	f := mp.Submit(t.Context(), p, Do, task{0, "deaf"})
	awaitBusy(t, p, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := f.Wait(t.Context()); !errors.Is(err, mp.ErrClosed) {
		t.Errorf("%v", err)
	}
}

// The ctx of NewPool bounds the life of the pool.
func TestContextOfThePool(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2, KillDelay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	f := mp.Submit(t.Context(), p, Do, task{0, "deaf"})
	awaitBusy(t, p, 1)
	cancel()
	if _, err := f.Wait(t.Context()); !errors.Is(err, mp.ErrClosed) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	p.Close()
}

// PY-POOL-23
func TestInit(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Init: Prepare.With("model")})
	got, err := mp.Map(t.Context(), p, State, numbers(10))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got {
		if s != "not prepared; model" {
			t.Errorf("a worker is %q", s)
		}
	}
}

// PY-POOL-22, PY-POOL-30, PY-PPE-23
func TestInitFails(t *testing.T) {
	for how, check := range map[string]func(error) bool{
		"fail": func(err error) bool {
			var e *mp.RemoteError
			return errors.As(err, &e) && e.Func == "prepare" && errors.Is(err, errUnlucky)
		},
		"panic": func(err error) bool { var e *mp.RemoteError; return errors.As(err, &e) && e.Panic },
		"die": func(err error) bool {
			var e *mp.ExitError
			return errors.As(err, &e) && e.ExitCode == 5 && e.Func == "prepare"
		},
	} {
		leak.Check(t)
		_, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 3, Init: Prepare.With(how)})
		if !check(err) {
			t.Errorf("%s: %v", how, err)
		}
	}
	leak.Check(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2, Init: Prepare.With("hang")}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: %v", err)
	}
}

// When replacements of workers keep failing, calls fail with ErrBroken; the pool does not try for ever. PY-PPE-16
func TestReplacementsFail(t *testing.T) {
	var log syncBuffer
	p := newPool(t, &mp.PoolOptions{
		Workers: 2, Init: Prepare.With("once " + filepath.Join(prog.TempDir(t), "count")),
		Logger: hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Debug}),
	})
	var futures []*mp.Future[int]
	for i := range 2 {
		futures = append(futures, mp.Submit(t.Context(), p, Do, task{i, "kill"}))
	}
	for _, f := range futures {
		f.Wait(t.Context())
	}
	_, err := mp.Apply(t.Context(), p, Square, 1)
	if !errors.Is(err, pool.ErrBroken) || !errors.Is(err, errUnlucky) {
		t.Errorf("%v", err)
	}
	if s := log.String(); !strings.Contains(s, "a worker could not be started") || !strings.Contains(s, "worker has died") {
		t.Errorf("log:\n%s", s)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// PY-POOL-18, PY-POOL-19, PY-PPE-13, PY-PPE-14
func TestMaxTasksPerWorker(t *testing.T) {
	for _, limit := range []int{1, 3, 10} {
		p := newPool(t, &mp.PoolOptions{MaxTasksPerWorker: limit})
		names, err := mp.Map(t.Context(), p, Name, numbers(40)) // not pids, which are reused, on Windows soon
		if err != nil {
			t.Fatal(err)
		}
		count := make(map[string]int)
		for _, name := range names {
			count[name]++
		}
		for name, n := range count {
			if n > limit {
				t.Errorf("%s has done %d tasks, %d are allowed", name, n, limit)
			}
		}
		if err := p.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// PY-POOL-25
func TestNestedPool(t *testing.T) {
	p := newPool(t, nil)
	got, err := mp.Map(t.Context(), p, Nested, []int{1, 10})
	if err != nil || !slices.Equal(got[1], []int{100, 121}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestInProcess(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1, InProcess: true, Init: Prepare.With("here"), KillDelay: time.Millisecond})
	defer func() { state = "not prepared" }()
	pids, err := mp.Map(t.Context(), p, Pid, numbers(100))
	if err != nil || pids[0] != os.Getpid() || len(mp.ActiveChildren()) != 0 {
		t.Errorf("%v, %v", pids, err)
	}
	for how, want := range map[string]string{"fail": "unlucky", "panic": "panicked", "goexit": "Goexit"} {
		if _, err := mp.Apply(t.Context(), p, Do, task{1, how}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", how, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := mp.Apply(ctx, p, Do, task{1, "wait"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
