// Session opens a pool of one worker, maps six items, closes the pool, and prints the outcome of each item. The pool replaces
// its worker after as many items as MP_TEST_TASKS says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var (
	Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	Warm   = mp.RegisterInit("warm", func(context.Context, int) error { return nil })
)

func main() {
	mp.Main(func() error {
		ctx := context.Background()
		tasks, _ := strconv.Atoi(os.Getenv("MP_TEST_TASKS"))
		p, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1, Init: Warm.With(1), MaxTasksPerWorker: tasks, KillDelay: 5 * time.Second})
		if err == nil {
			session(ctx, p)
		} else {
			fmt.Println("not born")
		}
		left()
		return nil
	})
}

func session(ctx context.Context, p *mp.Pool) {
	items := []int{1, 2, 3, 4, 5, 6}
	got, err := mp.Map(ctx, p, Square, items, mp.KeepGoing(), mp.ChunkSize(3))
	blamed := -1
	var exit *mp.ExitError
	if errors.As(err, &exit) {
		blamed = exit.Index
	}
	for i, n := range items {
		switch {
		case got[i] == n*n:
			fmt.Println("right")
		case i == blamed && exit.Cause == mp.CauseSignal && len(err.(interface{ Unwrap() []error }).Unwrap()) == 1:
			fmt.Println("blamed")
		default:
			fmt.Println("item", i, "gave", got[i], err)
		}
	}
	fmt.Println("close", p.Close())
}

// left prints children that are left.
func left() {
	paths, _ := filepath.Glob("/proc/self/task/*/children")
	for _, path := range paths {
		if pids, _ := os.ReadFile(path); strings.TrimSpace(string(pids)) != "" {
			fmt.Println("left", string(pids))
		}
	}
}
