package main

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// OpenBatches opens the same dataset for the fast path: it makes whole batches, in memory that the parent has too.
var OpenBatches = dataloader.RegisterBatch("batches", func(_ context.Context, count int) (dataloader.BatchDataset[Batch], error) {
	return Batches{count}, nil
})

// Batches is a dataset that makes batches.
type Batches struct{ count int }

// Len is how many images there are.
func (d Batches) Len() int { return d.count }

// GetBatch is __getitems__ and collate_fn in one: nothing of what it writes is sent.
func (d Batches) GetBatch(ctx context.Context, indices []int) (Batch, error) {
	pixels := dataloader.Tensor[float32]{Shape: []int{len(indices), 28 * 28}, Data: dataloader.Alloc[float32](ctx, len(indices)*28*28)}
	b := Batch{pixels, make([]int, len(indices))}
	for k, i := range indices {
		b.Labels[k] = i % 10
		noise := dataloader.RandOf(ctx, i)
		for p := range pixels.At(k).Data {
			pixels.At(k).Data[p] = noise.Float32()
		}
	}
	return b, nil
}

// fast adds all pixels up. It is done with each batch before it takes the next one, so it can look at the memory itself.
func fast(ctx context.Context) error {
	loader, err := dataloader.NewBatched(ctx, OpenBatches.With(1000), &dataloader.Options{BatchSize: 100, Workers: 2, View: true})
	if err != nil {
		return err
	}
	defer loader.Close()
	sum := 0.0
	for batch, err := range loader.Epoch(ctx) {
		if err != nil {
			return err
		}
		for _, pixel := range batch.Pixels.Data {
			sum += float64(pixel)
		}
	}
	fmt.Printf("%d batches, mean %.3f\n", loader.Len(), sum/(1000*28*28))
	return nil
}
