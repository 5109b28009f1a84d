package pool_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

// The functions and the initializer that the workers of these tests run.
var (
	Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	Pid    = mp.Register("pid", func(context.Context, int) (int, error) { return os.Getpid(), nil })
	Name   = mp.Register("name", func(context.Context, int) (string, error) { return mp.CurrentProcess().Name, nil })
	Do     = mp.Register("do", do)
	Slow   = mp.Register("slow", func(_ context.Context, d time.Duration) (int, error) {
		time.Sleep(d)
		return os.Getpid(), nil
	})
	Opaque = mp.Register("opaque", func(_ context.Context, a any) (any, error) {
		if a == "func" {
			return func() {}, nil
		}
		return a, nil
	})
	Bytes = mp.Register("bytes", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
	Mark  = mp.Register("mark", mark)
	Read  = mp.Register("read", func(_ context.Context, f *os.File) (string, error) {
		defer f.Close()
		b, err := io.ReadAll(f)
		return string(b), err
	})
	State   = mp.Register("state", func(context.Context, int) (string, error) { return state, nil })
	Prepare = mp.RegisterInit("prepare", prepare)
	Nested  = mp.Register("nested", func(ctx context.Context, n int) ([]int, error) {
		p, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
		if err != nil {
			return nil, err
		}
		defer p.Close()
		return mp.Map(ctx, p, Square, []int{n, n + 1})
	})
)

// task is the argument of Do, which returns the square of N unless How says otherwise.
type task struct {
	N   int
	How string
}

// killed is the cause of death of a worker that was killed from outside. On Windows it looks like an exit.
var killed = map[bool]spawn.Cause{true: mp.CauseSignal, false: mp.CauseExit}[runtime.GOOS != "windows"]

var errUnlucky = errors.New("unlucky")

func init() { mp.RegisterError("pool_test.unlucky", errUnlucky) }

func do(ctx context.Context, t task) (int, error) {
	switch t.How {
	case "fail":
		return 0, fmt.Errorf("item %d: %w", t.N, errUnlucky)
	case "big error":
		return 0, errors.New(strings.Repeat("x", 1<<20))
	case "panic":
		panic(t.N)
	case "goexit":
		runtime.Goexit()
	case "kill":
		prog.Kill(os.Getpid())
		select {}
	case "exit":
		os.Exit(99)
	case "wait": // until its ctx ends
		<-ctx.Done()
		return 0, ctx.Err()
	case "die cancelled":
		<-ctx.Done()
		prog.Kill(os.Getpid())
		select {}
	case "deaf":
		for {
			time.Sleep(time.Hour)
		}
	case "deadline":
		if _, ok := ctx.Deadline(); !ok {
			return 0, errors.New("its ctx has no deadline")
		}
	}
	return t.N * t.N, nil
}

// work is a task that leaves a line in a file of its process when it starts and when it ends.
type work struct {
	Dir string
	N   int
	For time.Duration
}

func mark(_ context.Context, w work) (int, error) {
	f, err := os.OpenFile(filepath.Join(w.Dir, fmt.Sprint(os.Getpid())), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	fmt.Fprintf(f, "start %d\n", w.N)
	for end := time.Now().Add(w.For); time.Now().Before(end); {
	}
	fmt.Fprintf(f, "end %d\n", w.N)
	return w.N, nil
}

var state = "not prepared"

func prepare(ctx context.Context, s string) error {
	switch {
	case s == "fail":
		return fmt.Errorf("no model: %w", errUnlucky)
	case s == "die":
		os.Exit(5)
	case s == "hang":
		<-ctx.Done()
	case s == "deaf":
		select {}
	case s == "panic":
		panic("init")
	case strings.HasPrefix(s, "exiting "): // fails once: if it finds the file, which it removes
		if os.Remove(filepath.Clean(s[8:])) == nil {
			return fmt.Errorf("no helper: %w", spawn.ErrExiting)
		}
	case strings.HasPrefix(s, "once "): // succeeds for the first two workers only
		f, err := os.OpenFile(filepath.Clean(s[5:]), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		f.WriteString("x")
		info, _ := f.Stat()
		if info.Size() > 2 {
			return errUnlucky
		}
	}
	state += "; " + s
	return nil
}

func newPool(t testing.TB, opts *mp.PoolOptions) *mp.Pool {
	t.Helper()
	leak.Check(t)
	if opts == nil {
		opts = &mp.PoolOptions{}
	}
	if opts.Workers == 0 {
		opts.Workers = 2
	}
	p, err := mp.NewPool(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return p
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
