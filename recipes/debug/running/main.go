// Running shows which children there are and what a pool's worker is at.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Nap = mp.Register("nap", func(ctx context.Context, _ string) (int, error) {
	<-ctx.Done()
	return 0, nil
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 1})
	if err != nil {
		return err
	}
	defer workers.Close()
	mp.Submit(ctx, workers, Nap, "a long one")
	for !workers.Stats().Workers[0].Busy {
		time.Sleep(time.Millisecond)
	}
	// region running
	for _, child := range mp.ActiveChildren() {
		fmt.Println(child)
	}
	stats := workers.Stats()
	for _, w := range stats.Workers {
		fmt.Printf("%+v\n", w)
	}
	fmt.Printf("%d queued, %+v\n", stats.Queued, stats.Counts)
	// endregion
	return nil
}
