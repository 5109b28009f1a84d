// Training has two workers get batches ready, in the shape of PyTorch's tutorial. One sample kills whoever reads it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// Image is a sample.
type Image struct {
	Pixels []float32
	Label  int
}

// Images is a dataset: what a worker has opened.
type Images struct{ count int }

// OpenImages runs once in each worker, and New passes on what goes wrong there. Here it would open a file.
var OpenImages = dataloader.Register("images", func(_ context.Context, count int) (dataloader.Dataset[Image], error) {
	return Images{count}, nil
})

// Len is how many there are.
func (d Images) Len() int { return d.count }

// Get is __getitem__: it reads an image, and augments it alike whichever worker does.
func (d Images) Get(ctx context.Context, i int) (Image, error) {
	if i == 13 {
		os.Exit(1) // a decoder in C would crash
	}
	image := Image{Pixels: make([]float32, 28*28), Label: i % 10}
	noise := dataloader.Rand(ctx)
	for p := range image.Pixels {
		image.Pixels[p] = noise.Float32()
	}
	return image, nil
}

// Batch is what the training gets.
type Batch struct {
	Pixels dataloader.Tensor[float32] // of the shape [images, 28·28]
	Labels []int
}

// Collate runs in the workers, too: collate_fn.
var Collate = mp.Register("collate", func(ctx context.Context, images []Image) (b Batch, err error) {
	b.Labels = dataloader.Column(images, func(i Image) int { return i.Label })
	b.Pixels, err = dataloader.Stack(ctx, dataloader.Column(images, func(i Image) []float32 { return i.Pixels }))
	return b, err
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	loader, err := dataloader.New(ctx, OpenImages.With(25), Collate, &dataloader.Options{
		BatchSize: 10, Workers: 2, Shuffle: true, Persistent: true, Seed: 1,
		OnError: dataloader.Skip,
		OnSkip: func(e *dataloader.SampleError) {
			fmt.Printf("left out: sample %d, after %d attempts\n", e.Index, e.Attempts)
		},
	})
	if err != nil {
		return err
	}
	defer loader.Close()
	for epoch := range 2 {
		for batch, err := range loader.Epoch(ctx) {
			if err != nil {
				return err
			}
			fmt.Println("epoch", epoch, batch.Pixels.Shape, batch.Labels)
		}
	}
	return fast(ctx)
}
