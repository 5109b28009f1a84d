package main

import (
	"iter"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// without takes samples out of the batches of another sampler. The others stay where they are: to leave one out from the start
// and to lose it on the way come to the same.
type without struct {
	dataloader.BatchSampler
	samples map[int]bool
}

func (w without) Batches(n int, seed uint64, epoch int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		for batch := range w.BatchSampler.Batches(n, seed, epoch) {
			if !yield(slices.DeleteFunc(batch, func(i int) bool { return w.samples[i] })) {
				return
			}
		}
	}
}
