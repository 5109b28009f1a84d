package dataloader_test

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

type Photo struct {
	Pixels []float32
	Label  int
}

type Photos int

func (n Photos) Len() int { return int(n) }

func (Photos) Get(_ context.Context, i int) (Photo, error) {
	n := float32(i)
	return Photo{Pixels: []float32{n, n / 2, n / 4}, Label: i % 2}, nil
}

type PhotoBatch struct {
	Pixels dataloader.Tensor[float32]
	Labels []int
}

var (
	OpenPhotos = dataloader.Register("example.photos", func(_ context.Context, n int) (dataloader.Dataset[Photo], error) {
		return Photos(n), nil
	})
	StackPhotos = mp.Register("example.stackPhotos", func(ctx context.Context, photos []Photo) (b PhotoBatch, err error) {
		b.Labels = dataloader.Column(photos, func(p Photo) int { return p.Label })
		b.Pixels, err = dataloader.Stack(ctx, dataloader.Column(photos, func(p Photo) []float32 { return p.Pixels }))
		return b, err
	})
)

// A collate function for a struct makes a Column of each field. Stack puts a column of slices into one tensor.
func ExampleStack() {
	ctx := context.Background()
	loader, err := dataloader.New(ctx, OpenPhotos.With(3), StackPhotos, &dataloader.Options{BatchSize: 2, Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loader.Close()
	for batch, err := range loader.Epoch(ctx) {
		fmt.Println(batch.Pixels.Shape, batch.Pixels.Data, batch.Labels, err)
	}
	// Output:
	// [2 3] [0 0 0 1 0.5 0.25] [0 1] <nil>
	// [1 3] [2 1 0.5] [0] <nil>
}
