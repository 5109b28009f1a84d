// Pool has texts hashed by worker processes.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Hash = mp.Register("hash", func(_ context.Context, text string) (string, error) {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:8], nil
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2}) // nil: as many as processors
	if err != nil {
		return err
	}
	defer workers.Close()

	sums, err := mp.Map(ctx, workers, Hash, []string{"one", "two", "three"}) // in the order of the items
	if err != nil {
		return err
	}
	fmt.Println(sums)

	sum, err := mp.Apply(ctx, workers, Hash, "one") // one call
	if err != nil {
		return err
	}
	fmt.Println(sum)
	return nil
}
