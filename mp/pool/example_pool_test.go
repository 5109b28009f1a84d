package pool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

// Shutdown lets everything end that was taken; Close would cancel it.
func ExamplePool_Shutdown() {
	ctx := context.Background()
	workers, err := pool.New(ctx, &pool.Options{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	begun := pool.Submit(ctx, workers, Twice, 20*time.Millisecond)
	fmt.Println(workers.Shutdown(ctx))
	fmt.Println(begun.Wait(ctx))
	_, err = pool.Apply(ctx, workers, Twice, time.Millisecond)
	fmt.Println(errors.Is(err, mp.ErrClosed))
	// Output:
	// <nil>
	// 40ms <nil>
	// true
}

// What runs is cancelled, too: its ctx ends.
func ExampleFuture_Cancel() {
	ctx := context.Background()
	workers, err := pool.New(ctx, &pool.Options{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer workers.Close()
	long := pool.Submit(ctx, workers, Twice, time.Hour)
	fmt.Println(long.Cancel())
	_, err = long.Wait(ctx)
	fmt.Println(errors.Is(err, context.Canceled), long.Cancelled())
	// Output:
	// true
	// true true
}

var Crash = mp.Register("example.crash", func(_ context.Context, attempts *sharedmem.Value[int]) (int, error) {
	defer attempts.Close()
	n := attempts.Add(1)
	if n < 3 {
		os.Exit(1) // or a fault in a C library
	}
	return n, nil
})

// An item whose worker died is run again in another one. The pool counts what happens to it.
func ExampleCrashRetries() {
	ctx := context.Background()
	workers, err := pool.New(ctx, &pool.Options{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer workers.Close()
	attempts, err := sharedmem.NewValue(0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer attempts.Close()
	fmt.Println(pool.Apply(ctx, workers, Crash, attempts, pool.CrashRetries(2)))
	stats := workers.Stats()
	fmt.Println(stats.Died, "died,", stats.Retried, "retried")
	// Output:
	// 3 <nil>
	// 2 died, 2 retried
}

// Results come as soon as they are there, errors among them; the loop may be left at any time.
func ExampleIMapUnordered() {
	ctx := context.Background()
	workers, err := pool.New(ctx, &pool.Options{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer workers.Close()
	times := slices.Values([]time.Duration{500 * time.Millisecond, time.Millisecond})
	for d, err := range pool.IMapUnordered(ctx, workers, Twice, times) {
		fmt.Println(d, err)
	}
	// Output:
	// 2ms <nil>
	// 1s <nil>
}
