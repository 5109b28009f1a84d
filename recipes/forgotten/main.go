// Forgotten is a program without mp.Main.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

type trainset struct{ images int }

var Open = dataloader.Register("trainset", func(_ context.Context, images int) (dataloader.Dataset[int], error) {
	return trainset{images}, nil
})

func (t trainset) Len() int                              { return t.images }
func (t trainset) Get(context.Context, int) (int, error) { return 0, nil }

var Collate = mp.Register("collate", func(_ context.Context, images []int) ([]int, error) { return images, nil })

func main() {
	_, err := dataloader.New(context.Background(), Open.With(8), Collate, &dataloader.Options{BatchSize: 2, Workers: 2})
	fmt.Fprintln(os.Stderr, err)
}
