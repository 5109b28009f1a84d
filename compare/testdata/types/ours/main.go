package main

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	_, err := mp.Start(ctx, square, "seven", nil)
	return err
}
