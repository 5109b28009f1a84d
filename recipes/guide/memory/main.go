// Memory has two processes fill the halves of one array.
package main

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

// Part is a part of an array. What travels is a reference, not the numbers.
type Part struct {
	Array      *sharedmem.Array[float64]
	First, End int
}

var Fill = mp.Register("fill", func(_ context.Context, p Part) (int, error) {
	defer p.Array.Close() // a process that receives it closes it, for itself
	numbers := p.Array.Slice()[p.First:p.End]
	for i := range numbers {
		numbers[i] = float64(p.First + i)
	}
	return len(numbers), nil
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	const size = 1_000_000
	array, err := sharedmem.NewArray[float64](size) // all zero; an error when there is not so much memory
	if err != nil {
		return err
	}
	defer array.Close()
	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2})
	if err != nil {
		return err
	}
	defer workers.Close()
	done, err := mp.Map(ctx, workers, Fill, []Part{{array, 0, size / 2}, {array, size / 2, size}})
	if err != nil {
		return err
	}
	numbers := array.Slice() // valid until Close
	fmt.Println(done, numbers[1], numbers[size-1])
	return nil
}
