// Race has two goroutines of a child write to one variable.
package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// region race
var Sum = mp.Register("sum", func(_ context.Context, n int) (int, error) {
	total := 0
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() { total += n })
	}
	all.Wait()
	return total, nil
})

// endregion

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	p, err := mp.Start(ctx, Sum, 21, nil)
	if err != nil {
		return err
	}
	_, err = p.Result(ctx)
	fmt.Println(err)
	return nil
}
