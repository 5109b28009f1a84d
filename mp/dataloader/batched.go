package dataloader

import (
	"errors"
	"fmt"
	"iter"
)

type batchedBy struct {
	of       Sampler
	size     int
	dropLast bool
}

// Batched makes batches of size indices from a Sampler: BatchSampler of PyTorch. The last batch has what is left; with dropLast it
// is left out if it is shorter. A Loader does this with Options.Sampler, BatchSize and DropLast. Batched is for use in a
// BatchSampler of one's own.
func Batched(of Sampler, size int, dropLast bool) BatchSampler { return batchedBy{of, size, dropLast} }

func (b batchedBy) check(n int) error {
	switch {
	case b.of == nil:
		return errors.New("mp: Batched: the sampler is nil")
	case b.size < 1:
		return fmt.Errorf("mp: Batched: the size is %d; it must be at least 1", b.size)
	}
	return checkSampler(b.of, n)
}

func (b batchedBy) length(n int) int { return divided(lengthOf(b.of, n), b.size, b.dropLast) }

// Batches implements BatchSampler. Every slice is a new one.
func (b batchedBy) Batches(n int, seed uint64, epoch int) iter.Seq[[]int] {
	mustCheck(b, n)
	return func(yield func([]int) bool) {
		var batch []int
		for i := range b.of.Indices(n, seed, epoch) {
			if batch = append(batch, i); len(batch) < b.size {
				continue
			}
			if !yield(batch) {
				return
			}
			batch = make([]int, 0, b.size)
		}
		if len(batch) > 0 && !b.dropLast {
			yield(batch)
		}
	}
}
