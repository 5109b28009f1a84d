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

var Twice = mp.Register("example.twice", func(ctx context.Context, d time.Duration) (time.Duration, error) {
	select {
	case <-time.After(d):
		return 2 * d, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
})

// WaitAny returns the first call that ends. Then the other call can be cancelled.
func ExampleWaitAny() {
	ctx := context.Background()
	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer workers.Close()
	slow := mp.Submit(ctx, workers, Twice, time.Hour)
	quick := mp.Submit(ctx, workers, Twice, time.Millisecond)
	first, err := pool.WaitAny(ctx, slow, quick)
	if err != nil {
		fmt.Println(err)
		return
	}
	slow.Cancel()
	fmt.Println(first == quick, slow)
	// Output: true <Future func='example.twice' cancelled>
}

var Reserve = mp.Register("example.reserve", func(_ context.Context, n int) (int, error) {
	if n > 10 {
		return 0, fmt.Errorf("there are not %d left", n)
	}
	return n, nil
})

func ExampleOnProgress() {
	ctx := context.Background()
	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer workers.Close()
	var last pool.Progress
	bar := func(p pool.Progress) { last = p } // a program would print every report
	mp.Map(ctx, workers, Reserve, []int{5, 50, 6}, mp.KeepGoing(), pool.OnProgress(bar))
	fmt.Printf("%3.0f %%, %d of %d, %d failed\n", 100*last.Fraction(), last.Done, last.Total, last.Failed)
	// Output: 100 %, 3 of 3, 1 failed
}

// Shutdown lets the calls end that the pool has taken; Close would cancel them.
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

// Cancel ends a running call, too: its ctx ends.
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

// An item whose worker died runs again in another worker. Stats counts the deaths and the retries.
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
