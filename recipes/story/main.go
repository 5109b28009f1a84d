// Story trains nothing: it has two workers read images in batches, as a tutorial's DataLoader does, and says who reads what.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// trainset is the dataset: every worker opens its own.
type trainset struct{ images int }

// Open is called in each worker.
var Open = dataloader.Register("trainset", func(_ context.Context, images int) (dataloader.Dataset[string], error) {
	return trainset{images}, nil
})

func (t trainset) Len() int { return t.images }

func (t trainset) Get(_ context.Context, i int) (string, error) {
	return fmt.Sprintf("image %d, read in pid %d", i, os.Getpid()), nil
}

// Collate makes a batch of samples, in the worker that has read them.
var Collate = mp.Register("collate", func(_ context.Context, images []string) ([]string, error) { return images, nil })

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	trainloader, err := dataloader.New(ctx, Open.With(8), Collate, &dataloader.Options{BatchSize: 2, Workers: 2})
	if err != nil {
		return err
	}
	defer trainloader.Close()
	for images, err := range trainloader.Epoch(ctx) {
		if err != nil {
			return err
		}
		fmt.Println(images)
	}
	return nil
}
