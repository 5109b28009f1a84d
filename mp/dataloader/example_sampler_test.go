package dataloader_test

import (
	"fmt"
	"iter"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// Shard gives each of two processes that train together its half of every epoch.
func ExampleShard() {
	for rank := range 2 {
		mine := dataloader.Shard(dataloader.Shuffled(), rank, 2, false)
		for epoch := range 2 {
			fmt.Print("rank ", rank, ", epoch ", epoch, ":")
			for i := range mine.Indices(6, 1, epoch) {
				fmt.Print(" ", i)
			}
			fmt.Println()
		}
	}
	// Output:
	// rank 0, epoch 0: 0 4 1
	// rank 0, epoch 1: 0 3 5
	// rank 1, epoch 0: 2 3 5
	// rank 1, epoch 1: 4 2 1
}

// With these weights, the rare class is drawn as often as the common one.
func ExampleWeighted() {
	labels := []string{"cat", "cat", "cat", "cat", "cat", "cat", "cat", "cat", "cat", "dog"}
	times := make(map[string]float64)
	for _, label := range labels {
		times[label]++
	}
	weights := dataloader.Column(labels, func(label string) float64 { return 1 / times[label] })

	drawn := make(map[string]int)
	for i := range dataloader.Weighted(weights, 1000, true).Indices(len(labels), 1, 0) {
		drawn[labels[i]]++
	}
	fmt.Println(drawn)
	// Output: map[cat:495 dog:505]
}

// short is a sampler that a program may write to try things out. It yields the first n indices of another sampler.
type short struct {
	dataloader.Sampler
	n int
}

func (s short) Indices(n int, seed uint64, epoch int) iter.Seq[int] {
	return func(yield func(int) bool) {
		left := s.n
		for i := range s.Sampler.Indices(n, seed, epoch) {
			if left--; left < 0 || !yield(i) {
				return
			}
		}
	}
}

func ExampleBatched() {
	for batch := range dataloader.Batched(short{dataloader.Sequential(), 5}, 2, false).Batches(100, 1, 0) {
		fmt.Println(batch)
	}
	// Output:
	// [0 1]
	// [2 3]
	// [4]
}
