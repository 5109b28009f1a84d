// Batch works through a list until that is done, or until it is told to stop.
package main

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Work = mp.Register("work", func(_ context.Context, n int) (int, error) {
	time.Sleep(10 * time.Millisecond)
	return n, nil
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	// Not ctx, which ends at the signal: what was taken from the list by then has eight seconds to end.
	grace, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	context.AfterFunc(ctx, func() { time.AfterFunc(8*time.Second, cancel) })
	workers, err := mp.NewPool(grace, &mp.PoolOptions{Workers: 2})
	if err != nil {
		return err
	}
	defer workers.Close()

	list := make([]int, 10_000)
	done := 0
	for _, err := range mp.IMap(grace, workers, Work, until(ctx, list)) {
		if err != nil { // of this item, or because eight seconds were not enough
			return fmt.Errorf("item %d: %w", done, err)
		}
		if done++; done == 1 {
			fmt.Println("working")
		}
	}
	if done < len(list) {
		return fmt.Errorf("%w: the next run begins at item %d", context.Cause(ctx), done)
	}
	fmt.Println("all is done")
	return nil
}

// until gives the items one by one, and no more once ctx has ended.
func until[T any](ctx context.Context, items []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, item := range items {
			if ctx.Err() != nil || !yield(item) {
				return
			}
		}
	}
}
