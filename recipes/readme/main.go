package main

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Square = mp.Register("square", func(_ context.Context, n int) (int, error) {
	return n * n, nil
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	p, err := mp.Start(ctx, Square, 7, nil)
	if err != nil {
		return err
	}
	n, err := p.Result(ctx)
	if err != nil {
		return err
	}
	fmt.Println(n) // 49, computed in a child of this process
	return nil
}
