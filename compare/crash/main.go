// Crash is the crash experiment of docs/RELIABILITY.md for this library: two workers, twenty tasks, of which the sixth kills its
// worker. The other files here do the same with what other languages have.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

const (
	tasks  = 20
	victim = 5
)

// Work squares a number, or dies of it.
var Work = mp.Register("crash.work", func(_ context.Context, n int) (int, error) {
	if n == victim {
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return 0, err
		}
		self.Kill()
		select {}
	}
	time.Sleep(20 * time.Millisecond)
	return n * n, nil
})

func main() { mp.Main(run) }

func run() error {
	ctx := context.Background()
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		return err
	}
	defer pool.Close()
	began := time.Now()
	var futures []*mp.Future[int]
	for n := range tasks {
		futures = append(futures, mp.Submit(ctx, pool, Work, n))
	}
	var blame error
	lost := 0
	for n, f := range futures {
		switch _, err := f.Wait(ctx); {
		case n == victim:
			blame = err
		case err != nil:
			lost++
		}
	}
	took := time.Since(began)
	seven, err := mp.Apply(ctx, pool, Work, 7)
	fmt.Printf("%-34s task 5: %v  innocents lost: %d  usable after: %t  %.2f s\n", "mp.Pool", blame, lost, seven == 49 && err == nil, took.Seconds())
	return nil
}
