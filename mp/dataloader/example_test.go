package dataloader_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// Digits is a dataset whose configuration is its length.
type Digits int

func (d Digits) Len() int { return int(d) }

func (d Digits) Get(_ context.Context, i int) (int, error) {
	if i == 5 {
		return 0, errors.New("this one cannot be read")
	}
	return i, nil
}

var (
	OpenDigits = dataloader.Register("example.digits", func(_ context.Context, n int) (dataloader.Dataset[int], error) {
		return Digits(n), nil
	})
	Sum = mp.Register("example.sum", func(_ context.Context, digits []int) (sum int, err error) {
		for _, d := range digits {
			sum += d
		}
		return sum, nil
	})
)

// Two workers open the dataset, get its samples and make batches of them.
func ExampleNew() {
	ctx := context.Background()
	loader, err := dataloader.New(ctx, OpenDigits.With(10), Sum, &dataloader.Options{
		BatchSize: 3, Workers: 2, OnError: dataloader.Skip,
		OnSkip: func(e *dataloader.SampleError) { fmt.Println("left out: sample", e.Index) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loader.Close()
	for sum, err := range loader.Epoch(ctx) {
		fmt.Println(sum, err)
	}
	// Output:
	// 3 <nil>
	// left out: sample 5
	// 7 <nil>
	// 21 <nil>
	// 9 <nil>
}

// A checkpoint saves the State of a Loader. Another Loader resumes from it, with another number of workers.
func ExampleLoader_restore() {
	ctx := context.Background()
	opts := &dataloader.Options{BatchSize: 2, Seed: 1}
	loader, err := dataloader.New(ctx, OpenDigits.With(5), Sum, opts)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer loader.Close()
	var state dataloader.State
	for range loader.Epoch(ctx) {
		state = loader.State()
		break
	}

	opts.Workers = 2
	other, err := dataloader.New(ctx, OpenDigits.With(5), Sum, opts)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer other.Close()
	if err := other.Restore(state); err != nil {
		fmt.Println(err)
	}
	for sum, err := range other.Epoch(ctx) {
		fmt.Println(sum, err)
	}
	// Output:
	// 5 <nil>
	// 4 <nil>
}
