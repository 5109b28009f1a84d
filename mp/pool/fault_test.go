package pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// The death of a worker fails the item that it ran, with blame, and no other item; the pool goes on working.
//
// PY-POOL-28, PY-PPE-08 … 10, PY-PPE-19
func TestKilledWorker(t *testing.T) {
	p := newPool(t, nil)
	for how, want := range map[string]struct {
		code  int
		cause spawn.Cause
	}{"kill": {prog.KillCode, killed}, "exit": {99, mp.CauseExit}} {
		for _, chunk := range []int{1, 4, 100} {
			items := make([]task, 100)
			for i := range items {
				items[i].N = i
			}
			items[41].How, items[42].How, items[77].How = how, how, "fail"
			got, err := mp.Map(t.Context(), p, Do, items, mp.KeepGoing(), mp.ChunkSize(chunk))
			for i, r := range got {
				if items[i].How == "" && r != i*i {
					t.Errorf("%s, chunks of %d: item %d gave %d", how, chunk, i, r)
				}
			}
			var blamed []int
			for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
				var exit *mp.ExitError
				if errors.As(err, &exit) {
					blamed = append(blamed, exit.Index)
					if exit.ExitCode != want.code || exit.Cause != want.cause || exit.Func != "do" {
						t.Errorf("%s: %+v", how, exit)
					}
				}
			}
			if !slices.Equal(blamed, []int{41, 42}) || !errors.Is(err, errUnlucky) {
				t.Errorf("%s, chunks of %d: blamed are %v; %v", how, chunk, blamed, err)
			}
		}
	}
	if got, err := mp.Map(t.Context(), p, Square, numbers(10)); err != nil || got[9] != 81 {
		t.Error(err)
	}
}

// The crash experiment of docs/RELIABILITY.md: two workers, twenty tasks, one of which kills its worker. It costs this one task
// and nothing else. PY-POOL-28
func TestCrashExperiment(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 2})
	const victim = 5
	var futures []*mp.Future[int]
	for i := range 20 {
		how := map[bool]string{true: "kill"}[i == victim]
		futures = append(futures, mp.Submit(t.Context(), p, Do, task{i, how}))
	}
	for i, f := range futures {
		n, err := f.Wait(t.Context())
		var exit *mp.ExitError
		if i == victim && (!errors.As(err, &exit) || exit.Cause != killed || exit.ExitCode != prog.KillCode) || i != victim && (err != nil || n != i*i) {
			t.Errorf("task %d: %d, %v", i, n, err)
		}
	}
	if n, err := mp.Apply(t.Context(), p, Square, 7); n != 49 || err != nil {
		t.Errorf("afterwards: %d, %v", n, err)
	}
}

// Without KeepGoing, Map stops at the first error and cancels its other items.
func TestMapFailsFast(t *testing.T) {
	p := newPool(t, nil)
	_, err := mp.Map(t.Context(), p, Do, []task{{1, "wait"}, {2, "fail"}, {3, "wait"}, {4, "wait"}})
	var remote *mp.RemoteError
	if !errors.As(err, &remote) || remote.Index != 1 || !errors.Is(err, errUnlucky) || errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if s := p.Stats(); s.Started != 2 {
		t.Errorf("%d workers were started", s.Started)
	}
}

// PY-POOL-14
func TestBigErrors(t *testing.T) {
	p := newPool(t, nil)
	_, err := mp.Map(t.Context(), p, Do, []task{{1, "big error"}, {2, "big error"}, {3, "big error"}}, mp.KeepGoing())
	if len(fmt.Sprint(err)) < 3<<20 {
		t.Errorf("%d bytes of errors", len(fmt.Sprint(err)))
	}
	if err := p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestGoexitInAWorker(t *testing.T) {
	p := newPool(t, nil)
	got, err := mp.Map(t.Context(), p, Do, []task{{1, "goexit"}, {2, ""}, {3, "goexit"}, {4, ""}}, mp.KeepGoing(), mp.ChunkSize(4))
	if got[1] != 4 || got[3] != 16 || strings.Count(fmt.Sprint(err), "Goexit") != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if s := p.Stats(); s.Started != 2 {
		t.Errorf("%d workers were started", s.Started)
	}
}

// The deadline of an item counts from the item's own start, also inside a chunk, and the other items of the chunk get their
// results. The item that heeds its deadline has a KillDelay of a minute to say so, however busy the machine is.
func TestTimeout(t *testing.T) {
	for how, delay := range map[string]time.Duration{"wait": time.Minute, "deaf": 20 * time.Millisecond} {
		t.Run(how, func(t *testing.T) {
			p := newPool(t, &mp.PoolOptions{TaskTimeout: time.Second, KillDelay: delay})
			items := []task{{0, "deadline"}, {1, how}, {2, ""}, {3, how}, {4, ""}}
			got, err := mp.Map(t.Context(), p, Do, items, mp.KeepGoing(), mp.ChunkSize(5))
			if got[0] != 0 || got[2] != 4 || got[4] != 16 {
				t.Errorf("%v", got)
			}
			errs := err.(interface{ Unwrap() []error }).Unwrap()
			if len(errs) != 2 {
				t.Fatalf("%v", err)
			}
			for i, err := range errs {
				var exit *mp.ExitError
				var remote *mp.RemoteError
				index := -1
				switch {
				case how == "deaf" && errors.As(err, &exit) && exit.Cause == mp.CauseDeadline:
					index = exit.Index
				case how == "wait" && errors.As(err, &remote):
					index = remote.Index
				}
				if index != 2*i+1 || !errors.Is(err, mp.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	t.Run("in time", func(t *testing.T) { // each item is in time, although each chunk takes longer than an item may
		p := newPool(t, nil)
		if _, err := mp.Map(t.Context(), p, Slow, slices.Repeat([]time.Duration{60 * time.Millisecond}, 40), mp.ChunkSize(20), mp.Timeout(time.Second)); err != nil {
			t.Error(err)
		}
	})
}

func TestContextOfACall(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{KillDelay: 20 * time.Millisecond})
	for _, how := range []string{"wait", "deaf"} {
		ctx, cancel := context.WithCancel(t.Context())
		calls := make(chan error, 3)
		go func() { _, err := mp.Apply(ctx, p, Do, task{1, how}); calls <- err }()
		go func() { _, err := mp.Map(ctx, p, Do, []task{{1, how}, {2, how}, {3, how}}); calls <- err }()
		go func() { _, err := mp.Submit(ctx, p, Do, task{1, how}).Wait(t.Context()); calls <- err }()
		awaitBusy(t, p, 2)
		cancel()
		for range cap(calls) {
			if err := <-calls; !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", how, err)
			}
		}
		if n, err := mp.Apply(t.Context(), p, Square, 5); n != 25 || err != nil {
			t.Errorf("afterwards: %d, %v", n, err)
		}
	}
}

func TestRetries(t *testing.T) {
	p := newPool(t, nil)
	dir := prog.TempDir(t)
	for how, want := range map[string]string{"fail": "xxx", "kill": "xxx", "": "x"} {
		path := filepath.Join(dir, "tries"+how)
		_, err := mp.Apply(t.Context(), p, Tries, tries{path, how}, mp.Retries(2))
		if (err != nil) != (how != "") {
			t.Errorf("%s: %v", how, err)
		}
		if b, _ := os.ReadFile(path); string(b) != want {
			t.Errorf("%s: %d attempts", how, len(b))
		}
	}
}

type tries struct{ Path, How string }

var Tries = mp.Register("tries", func(ctx context.Context, t tries) (int, error) {
	f, err := os.OpenFile(t.Path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	f.WriteString("x")
	f.Close()
	return do(ctx, task{1, t.How})
})

// A frozen worker (SIGSTOP) holds up only its own items, and a cancel ends these.
func TestFrozenWorker(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{KillDelay: 10 * time.Millisecond})
	frozen := p.Stats().Workers[0].Pid
	prog.Freeze(frozen)
	payload := bytes.Repeat([]byte("x"), 8<<20) // far more than a socket holds
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const calls = 8
	ended := make(chan error, calls)
	for range calls {
		go func() {
			_, err := mp.Apply(ctx, p, Bytes, payload)
			ended <- err
		}()
	}
	for range calls - 1 { // the other worker runs all calls but the one that is stuck at the frozen worker
		if err := <-ended; err != nil {
			t.Errorf("%v", err)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// A worker that is frozen before it begins an item does not hold up a call that has a Timeout.
func TestFrozenBeforeTheStart(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1, KillDelay: time.Millisecond})
	prog.Freeze(p.Stats().Workers[0].Pid)
	if n, err := mp.Apply(t.Context(), p, Square, 4, mp.Timeout(500*time.Millisecond)); n != 16 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// A worker that is frozen before it skips a cancelled item does not hold up the next call.
func TestFrozenBeforeItSkips(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1, KillDelay: time.Millisecond})
	prog.Freeze(p.Stats().Workers[0].Pid)
	f := mp.Submit(t.Context(), p, Square, 3)
	f.Cancel()
	if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if n, err := mp.Apply(ctx, p, Square, 4); n != 16 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// A call whose worker is killed while it writes the result gets the whole result or an ExitError. PY-PPE-21
func TestKilledWhileWriting(t *testing.T) {
	p := newPool(t, nil)
	payload := bytes.Repeat([]byte("x"), 32<<20)
	for i := range 10 {
		f := mp.Submit(t.Context(), p, Bytes, payload)
		time.Sleep(time.Duration(i*i) * time.Millisecond)
		for _, w := range p.Stats().Workers {
			prog.Kill(w.Pid)
		}
		b, err := f.Wait(t.Context())
		var exit *mp.ExitError
		if err == nil && !bytes.Equal(b, payload) || err != nil && !errors.As(err, &exit) {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
	}
}

// Workers are killed at random while they work. Every item ends exactly once: with its result, or blamed for the death of the
// worker that ran it. No item is lost, and none runs twice.
func TestTortureKills(t *testing.T) {
	items := 2000
	if prog.Wine() {
		items = 500 // a worker takes thirty times as long to come up there
	}
	start := time.Now()
	p := newPool(t, &mp.PoolOptions{Workers: 3})
	// Workers must come up faster than they are killed, however slow this machine is at that.
	boot := min(max(time.Since(start), 5*time.Millisecond), 300*time.Millisecond)
	dir := prog.TempDir(t)
	list := make([]work, items)
	for i := range list {
		list[i] = work{dir, i, rand.N(boot / 10)}
	}
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		kills := 0
		for {
			select {
			case <-stop:
				stopped <- kills
				return
			case <-time.After(rand.N(2 * boot)):
				if workers := p.Stats().Workers; len(workers) > 0 {
					if prog.Kill(workers[rand.IntN(len(workers))].Pid) == nil {
						kills++
					}
				}
			}
		}
	}()
	got, err := mp.Map(t.Context(), p, Mark, list, mp.KeepGoing())
	close(stop)
	kills := <-stopped

	blamed := make(map[int]bool)
	if err != nil {
		for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
			var exit *mp.ExitError
			if !errors.As(err, &exit) || exit.ExitCode != prog.KillCode || exit.Cause != killed || blamed[exit.Index] {
				t.Fatalf("%v", err)
			}
			blamed[exit.Index] = true
		}
	}
	starts, ends := make(map[int]int), make(map[int]int)
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, path := range files {
		marks, _ := os.ReadFile(path)
		for line := range strings.Lines(string(marks)) {
			var what string
			var n int
			if _, err := fmt.Sscan(line, &what, &n); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if what == "start" {
				starts[n]++
			} else {
				ends[n]++
			}
		}
	}
	unstarted := 0
	for i := range list {
		switch {
		case starts[i] > 1:
			t.Errorf("item %d was started %d times", i, starts[i])
		case !blamed[i] && (ends[i] != 1 || got[i] != i):
			t.Errorf("item %d: result %d, started %d times, ended %d times", i, got[i], starts[i], ends[i])
		case blamed[i] && starts[i] == 0:
			unstarted++ // its worker was killed after it announced the item and before the item wrote its first line
		}
	}
	t.Logf("%d items, %d kills, %d blamed (%d of them before their first line)", items, kills, len(blamed), unstarted)
	if len(blamed) == 0 {
		t.Error("nothing was killed; the test has shown nothing")
	}
}

// When idle workers are killed, no item is blamed, and a call that comes at that moment succeeds.
func TestKilledWhileIdle(t *testing.T) {
	p := newPool(t, nil)
	for i := range 20 {
		for _, w := range p.Stats().Workers {
			prog.Kill(w.Pid)
		}
		if n, err := mp.Apply(t.Context(), p, Square, i); n != i*i || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
}
