package dataloader

import (
	"iter"
	"math/rand/v2"
)

// Sampler says which samples an epoch has, and in which order.
type Sampler interface {
	Indices(n int, seed uint64, epoch int) iter.Seq[int]
}

// BatchSampler says which samples each batch of an epoch has.
type BatchSampler interface {
	Batches(n int, seed uint64, epoch int) iter.Seq[[]int]
}

type sequential struct{}

// Sequential is the order of the dataset: SequentialSampler of PyTorch.
func Sequential() Sampler { return sequential{} }

func (sequential) Indices(n int, _ uint64, _ int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

type shuffled struct{}

// Shuffled is a new random order in each epoch: RandomSampler of PyTorch.
func Shuffled() Sampler { return shuffled{} }

func (shuffled) Indices(n int, seed uint64, epoch int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, i := range rand.New(rand.NewPCG(mix(seed, uint64(epoch)), orderStream)).Perm(n) {
			if !yield(i) {
				return
			}
		}
	}
}

type batchedSampler struct {
	s    Sampler
	size int
	drop bool
}

// Batched makes batches of what s says: BatchSampler of PyTorch. With drop, one that is shorter than the others is left out.
func Batched(s Sampler, size int, drop bool) BatchSampler { return batchedSampler{s, size, drop} }

func (b batchedSampler) Batches(n int, seed uint64, epoch int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		var batch []int
		for i := range b.s.Indices(n, seed, epoch) {
			if batch = append(batch, i); len(batch) == b.size {
				if !yield(batch) {
					return
				}
				batch = nil
			}
		}
		if len(batch) > 0 && !b.drop {
			yield(batch)
		}
	}
}
