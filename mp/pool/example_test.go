package pool_test

import (
	"context"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

var Twice = mp.Register("example.twice", func(ctx context.Context, d time.Duration) (time.Duration, error) {
	select {
	case <-time.After(d):
		return 2 * d, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
})

// The first answer will do.
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
	bar := func(p pool.Progress) {
		if p.Done == p.Total { // a program prints every one of them
			fmt.Printf("%3.0f %%, %d of %d, %d failed\n", 100*p.Fraction(), p.Done, p.Total, p.Failed)
		}
	}
	mp.Map(ctx, workers, Reserve, []int{5, 50, 6}, mp.KeepGoing(), pool.OnProgress(bar))
	// Output: 100 %, 3 of 3, 1 failed
}
