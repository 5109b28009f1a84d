// First has squares computed by other processes.
package main

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

func main() { mp.Main(run) }

func run() error {
	ctx := context.Background()

	p, err := mp.Start(ctx, Square, 7, nil) // one call, in a process of its own
	if err != nil {
		return err
	}
	n, err := p.Result(ctx)
	if err != nil {
		return err
	}
	fmt.Println(n)

	workers, err := mp.NewPool(ctx, nil) // many calls, in workers that stay
	if err != nil {
		return err
	}
	defer workers.Close()
	all, err := mp.Map(ctx, workers, Square, []int{1, 2, 3})
	fmt.Println(all)
	return err
}
