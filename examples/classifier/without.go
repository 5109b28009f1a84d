package main

import (
	"iter"
	"slices"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// without removes samples from the batches of another sampler. All other samples stay in their batches, so these are the
// same as in a run that loses the samples on the way.
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
