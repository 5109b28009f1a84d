// Tour is the program of the tour, mp/doc.go.
package main

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// region program
var Square = mp.Register("square", func(ctx context.Context, n int) (int, error) { return n * n, nil })

func main() { mp.Main(run) }

func run() error {
	workers, err := mp.NewPool(context.Background(), nil)
	if err != nil {
		return err
	}
	defer workers.Close()
	squares, err := mp.Map(context.Background(), workers, Square, []int{1, 2, 3})
	fmt.Println(squares, err)
	return err
}

// endregion
