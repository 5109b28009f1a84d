package dataloader_test

import (
	"context"
	"fmt"
	"iter"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// Lines is a stream: its samples come one after the other.
type Lines int

// Iterate yields the share of its worker. With two workers, one yields the even lines and the other one the odd lines.
func (l Lines) Iterate(ctx context.Context) iter.Seq2[string, error] {
	info, _ := dataloader.Worker(ctx)
	return func(yield func(string, error) bool) {
		for i := info.ID; i < int(l); i += info.Count {
			if !yield(fmt.Sprint("line ", i), nil) {
				return
			}
		}
	}
}

var (
	OpenLines = dataloader.RegisterIterable("example.lines", func(_ context.Context, n int) (dataloader.IterableDataset[string], error) {
		return Lines(n), nil
	})
	Several = mp.Register("example.several", dataloader.List[string])
)

// The workers share a stream out between them. Worker tells each of them its ID and how many there are.
func ExampleRegisterIterable() {
	ctx := context.Background()
	loader, err := dataloader.New(ctx, OpenLines.With(6), Several, &dataloader.Options{BatchSize: 2, Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loader.Close()
	for lines, err := range loader.Epoch(ctx) {
		fmt.Printf("%q %v\n", lines, err)
	}
	// Output:
	// ["line 0" "line 2"] <nil>
	// ["line 1" "line 3"] <nil>
	// ["line 4"] <nil>
	// ["line 5"] <nil>
}

// Grid is a dataset that makes whole batches, in memory from Alloc.
type Grid int

func (g Grid) Len() int { return int(g) }

func (Grid) GetBatch(ctx context.Context, indices []int) (dataloader.Tensor[float32], error) {
	t := dataloader.Tensor[float32]{Shape: []int{len(indices), 2}, Data: dataloader.Alloc[float32](ctx, 2*len(indices))}
	for k, i := range indices {
		copy(t.At(k).Data, []float32{float32(i), float32(i * i)})
	}
	return t, nil
}

var OpenGrid = dataloader.RegisterBatch("example.grid", func(_ context.Context, n int) (dataloader.BatchDataset[dataloader.Tensor[float32]], error) {
	return Grid(n), nil
})

// Alloc returns memory that the parent maps, too: the numbers of a batch are not sent, and with View they are not copied.
func ExampleNewBatched() {
	ctx := context.Background()
	loader, err := dataloader.NewBatched(ctx, OpenGrid.With(5), &dataloader.Options{BatchSize: 3, Workers: 2, View: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loader.Close()
	for batch, err := range loader.Epoch(ctx) {
		fmt.Println(batch.Shape, batch.Data, err)
	}
	// Output:
	// [3 2] [0 0 1 1 2 4] <nil>
	// [2 2] [3 9 4 16] <nil>
}
