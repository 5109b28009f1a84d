package spawn_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

const mebibyte = 1 << 20

// The functions that the children of these tests run.
var (
	// EatHeap takes size bytes of the Go heap, as fast as it can.
	EatHeap = mp.Register("eat-heap", func(_ context.Context, size int64) (int, error) {
		var all [][]byte
		for sum := int64(0); sum < size; sum += 4 * mebibyte {
			all = append(all, touch(make([]byte, 4*mebibyte)))
		}
		return len(all), nil
	})
	// Churn makes size bytes of garbage, and keeps 16 MiB.
	Churn = mp.Register("churn", func(_ context.Context, size int64) (fenced, error) {
		const piece = 64 << 10
		var keep [256][]byte
		for sum := int64(0); sum < size; sum += piece {
			keep[sum/piece%int64(len(keep))] = touch(make([]byte, piece))
		}
		return fenced{runtime.GOMAXPROCS(0), os.Getenv("GOMEMLIMIT"), os.Getenv("GOMAXPROCS")}, nil
	})
	Nothing = mp.Register("nothing", func(context.Context, int) (int, error) { return 0, nil })
)

type fenced struct {
	Procs                 int
	MemLimitVar, ProcsVar string
}

// touch makes the system give the memory.
func touch(b []byte) []byte {
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	return b
}

// needWatching skips the test on systems that do not tell how much memory another process has.
func needWatching(t *testing.T) {
	t.Helper()
	if !sys.MeasuresMemory {
		t.Skip("this system does not tell how much memory another process has")
	}
}

// eaters take memory in several ways.
var eaters = map[string]*mp.Func[int64, int]{"the Go heap": EatHeap}

func TestMemoryLimit(t *testing.T) {
	needWatching(t)
	spawn.WithoutCgroups(t)
	said := regexp.MustCompile(`was killed because it used (\d+) MiB, more than its limit of 64 MiB while it ran eat-`)
	for way, eat := range eaters {
		t.Run(way, func(t *testing.T) {
			leak.Check(t)
			p, err := mp.Start(t.Context(), eat, 8<<30, &mp.ProcessOptions{Limits: mp.Limits{Memory: 64 * mebibyte}})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := p.Limits(), (spawn.Applied{Memory: 64 * mebibyte, MemoryBy: spawn.BySampling}); got != want {
				t.Errorf("%+v", got)
			}
			_, err = p.Result(t.Context())
			exit := oom(t, err)
			match := said.FindStringSubmatch(err.Error())
			if match == nil {
				t.Fatal(err)
			}
			if used, _ := strconv.Atoi(match[1]); used <= 64 {
				t.Error(err)
			}
			if exit.PeakRSS <= 64*mebibyte {
				t.Errorf("at its peak it had %d bytes", exit.PeakRSS)
			}
			t.Logf("%d MiB at its peak: %v", exit.PeakRSS/mebibyte, err)
		})
	}
}

// oom returns the ExitError in err. It fails the test unless that error is the end of a process for want of memory.
func oom(t *testing.T, err error) *mp.ExitError {
	t.Helper()
	var exit *mp.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("%T: %v", err, err)
	}
	if exit.Cause != mp.CauseOOM || exit.Signal != syscall.SIGKILL || exit.ExitCode != -9 || !errors.Is(err, mp.ErrMemory) {
		t.Errorf("%+v: %v", *exit, err)
	}
	return exit
}

// EatElsewhere runs EatHeap in a process of its own, whose end the caller must recognize in the RemoteError.
var EatElsewhere = mp.Register("eat-elsewhere", func(ctx context.Context, size int64) (int, error) {
	p, err := mp.Start(ctx, EatHeap, size, &mp.ProcessOptions{Limits: mp.Limits{Memory: 64 * mebibyte}})
	if err != nil {
		return 0, err
	}
	return p.Result(ctx)
})

func TestMemoryLimitTravels(t *testing.T) {
	needWatching(t)
	leak.Check(t)
	p, err := mp.Start(t.Context(), EatElsewhere, 8<<30, &mp.ProcessOptions{Limits: mp.Limits{Memory: 256 * mebibyte}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Result(t.Context())
	var remote *mp.RemoteError
	if !errors.As(err, &remote) || !errors.Is(err, mp.ErrMemory) {
		t.Errorf("%T: %v", err, err)
	}
}

// When a worker of a pool reaches its memory limit, only the item that it ran fails.
func TestMemoryLimitOfWorkers(t *testing.T) {
	needWatching(t)
	leak.Check(t)
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 2, Limits: mp.Limits{Memory: 64 * mebibyte}})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	results, err := mp.Map(t.Context(), pool, EatHeap, []int64{1, 8 << 30, 8 * mebibyte}, mp.KeepGoing())
	if exit := oom(t, err); exit.Index != 1 || results[0] != 1 || results[2] != 2 {
		t.Errorf("%v, %v", results, err)
	}
}

// A child that stays within its limits runs to its end, with the limits in its environment and runtime.
func TestWithinLimits(t *testing.T) {
	needWatching(t)
	leak.Check(t)
	t.Setenv("GOMEMLIMIT", "8GiB") // ours: not the child's
	limits := mp.Limits{Memory: 512 * mebibyte, GOMAXPROCS: 3}
	for _, c := range []struct {
		name string
		env  []string
		want string
	}{
		{"our environment", nil, strconv.Itoa(512 * mebibyte / 10 * 9)},
		{"another one", []string{"GOMAXPROCS=7"}, strconv.Itoa(512 * mebibyte / 10 * 9)},
		{"one with a limit", []string{"GOMEMLIMIT=80MiB"}, "80MiB"},
	} {
		p, err := mp.Start(t.Context(), Churn, 1<<30, &mp.ProcessOptions{Env: c.env, Limits: limits})
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Result(t.Context())
		t.Logf("%d MiB at its peak", p.Usage().PeakRSS/mebibyte)
		if want := (fenced{3, c.want, "3"}); got != want || err != nil {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, want)
		}
		if applied := p.Limits(); applied.GOMAXPROCS != 3 || applied.Memory != limits.Memory || applied.Missing != nil {
			t.Errorf("%s: %+v", c.name, applied)
		}
	}
}

func TestBadLimits(t *testing.T) {
	leak.Check(t)
	for want, limits := range map[string]mp.Limits{
		"Memory is -1; it must be a number of bytes":           {Memory: -1},
		"Memory is 512; it counts bytes":                       {Memory: 512, BestEffort: true},
		"it must be at least 16777216 (16 MiB)":                {Memory: 16*mebibyte - 1},
		"GOMAXPROCS is -2; it must be at least 2":              {GOMAXPROCS: -2},
		"GOMAXPROCS is 1; it must be at least 2":               {GOMAXPROCS: 1, BestEffort: true},
		"Nice is -21; it must be from -20":                     {Nice: -21},
		"Nice is 20; it must be from -20 (goes before others)": {Nice: 20},
	} {
		_, err := mp.Start(t.Context(), Nothing, 0, &mp.ProcessOptions{Limits: limits})
		_, poolErr := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1, Limits: limits})
		for _, err := range []error{err, poolErr} {
			if err == nil || !strings.HasPrefix(err.Error(), "mp: Limits.") || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v; want %q", limits, err, want)
			}
		}
	}
	if spawned := mp.ActiveChildren(); len(spawned) != 0 {
		t.Errorf("%v were started", spawned)
	}
}

// Where memory cannot be measured, Start refuses a memory limit, or goes without it if BestEffort is set.
func TestUnmeasured(t *testing.T) {
	if sys.MeasuresMemory {
		t.Skip("memory is measured here")
	}
	leak.Check(t)
	limits := mp.Limits{Memory: 64 * mebibyte}
	if _, err := mp.Start(t.Context(), Nothing, 0, &mp.ProcessOptions{Limits: limits}); !errors.Is(err, mp.ErrUnsupported) {
		t.Error(err)
	}
	limits.BestEffort = true
	p, err := mp.Start(t.Context(), Nothing, 0, &mp.ProcessOptions{Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Limits(); got.Memory != 0 || got.MemoryBy != "" || !errors.Is(got.Missing, mp.ErrUnsupported) {
		t.Errorf("%+v", got)
	}
	p.Join(t.Context())
}

// Start also refuses a memory limit when it cannot read the child's memory for another reason.
func TestUnseen(t *testing.T) {
	needWatching(t)
	leak.Check(t)
	spawn.Unseen(t, os.ErrPermission)
	limits := mp.Limits{Memory: 64 * mebibyte}
	if _, err := mp.Start(t.Context(), Nothing, 0, &mp.ProcessOptions{Limits: limits}); !errors.Is(err, os.ErrPermission) {
		t.Error(err)
	}
	limits.BestEffort = true
	p, err := mp.Start(t.Context(), Nothing, 0, &mp.ProcessOptions{Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Limits(); got.Memory != 0 || got.MemoryBy != "" || !errors.Is(got.Missing, os.ErrPermission) {
		t.Errorf("%+v", got)
	}
	p.Join(t.Context())
}

func TestLimitsOfGoroutines(t *testing.T) {
	leak.Check(t)
	for want, opts := range map[string]mp.PoolOptions{
		"Limits are for worker processes":      {Limits: mp.Limits{Nice: 5}},
		"Dir and Env are for worker processes": {Dir: ".", Limits: mp.Limits{BestEffort: true}},
		"with InProcess the workers are gor":   {Env: []string{}, Limits: mp.Limits{BestEffort: true}},
	} {
		opts.InProcess = true
		if _, err := mp.NewPool(t.Context(), &opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", opts, err)
		}
	}
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{InProcess: true, Limits: mp.Limits{Nice: 5, BestEffort: true}})
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()
}

// Where returns the directory of its process and MP_TEST_WHERE.
var Where = mp.Register("where", func(context.Context, int) (string, error) {
	dir, err := os.Getwd()
	return dir + " " + os.Getenv("MP_TEST_WHERE"), err
})

func TestDirAndEnvOfWorkers(t *testing.T) {
	leak.Check(t)
	dir, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pool, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 1, Dir: dir, Env: []string{"MP_TEST_WHERE=here"}})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if got, err := mp.Apply(t.Context(), pool, Where, 0); got != dir+" here" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
