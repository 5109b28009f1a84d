// Limits has a child take more memory than it may have.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Parse = mp.Register("parse", func(_ context.Context, blocks int) (int, error) {
	var all [][]byte
	for range blocks {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = 1 // memory that nobody touches is none
		}
		all = append(all, block)
	}
	return len(all), nil
})

// region limits
func parse(ctx context.Context, blocks int) (int, error) {
	p, err := mp.Start(ctx, Parse, blocks, &mp.ProcessOptions{Limits: mp.Limits{Memory: 64 << 20, GOMAXPROCS: 2, Nice: 10}})
	if err != nil {
		return 0, err
	}
	return p.Result(ctx)
}

// endregion

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	_, err := parse(ctx, 1000)
	fmt.Println(err)
	if !errors.Is(err, mp.ErrMemory) {
		return errors.New("it is not ErrMemory")
	}
	return nil
}
