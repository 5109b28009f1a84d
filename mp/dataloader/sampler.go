package dataloader

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
)

// Sampler says which samples an epoch has, and in which order: Sampler of PyTorch. It runs in the parent. Samplers of this package
// yield the same on every platform. New returns an error if one of them is wrong; Indices panics if no New has checked it.
type Sampler interface {
	// Indices yields the indices, from 0 to n−1, of an epoch of a dataset of n samples. They may depend on the arguments alone,
	// because the loader asks for them again after Restore. An index may come several times, or never.
	Indices(n int, seed uint64, epoch int) iter.Seq[int]
}

// BatchSampler says which samples each batch of an epoch has: batch_sampler of PyTorch. Otherwise it is as a Sampler.
type BatchSampler interface {
	// Batches yields the indices of each batch. It may use the slice again for the next one: the loader copies it. A batch without
	// indices is left out, but has a number like the others.
	Batches(n int, seed uint64, epoch int) iter.Seq[[]int]
}

// foreseen is a sampler that can be checked before an epoch, as all of this package can.
type foreseen interface {
	// check returns what is wrong with the sampler for a dataset of n samples. n may be lengthUnknown.
	check(n int) error
	// length returns how many indices, or batches, the sampler yields, or lengthUnknown.
	length(n int) int
}

// checkSampler returns what is wrong with a Sampler or BatchSampler, if it can be checked.
func checkSampler(s any, n int) error {
	if f, ok := s.(foreseen); ok {
		return f.check(n)
	}
	return nil
}

// lengthOf returns how many indices, or batches, s yields, or lengthUnknown.
func lengthOf(s any, n int) int {
	if f, ok := s.(foreseen); ok {
		return f.length(n)
	}
	return lengthUnknown
}

// divided returns length/by, rounded up unless dropLast, or lengthUnknown.
func divided(length, by int, dropLast bool) int {
	switch {
	case length < 0:
		return lengthUnknown
	case !dropLast && length%by > 0:
		return length/by + 1
	}
	return length / by
}

func mustCheck(s foreseen, n int) {
	if err := s.check(n); err != nil {
		panic(err)
	}
}

// numbersOf returns the random numbers for the order of an epoch.
func numbersOf(seed uint64, epoch int) *rand.Rand {
	of := mix(seed, uint64(epoch))
	return rand.New(rand.NewPCG(of, mix(of, orderStream)))
}

type sequential struct{}

// Sequential is the order of the dataset, which is the default: SequentialSampler of PyTorch.
func Sequential() Sampler { return sequential{} }

func (sequential) check(int) error  { return nil }
func (sequential) length(n int) int { return n }

// Indices implements Sampler.
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

// Shuffled is every sample once, in another order in each epoch: RandomSampler of PyTorch, and Options.Shuffle. What
// RandomSampler does with replacement or num_samples, Weighted does with equal weights. The order is made as it is yielded, in
// four bytes for each sample, or eight if there are 2³² or more.
func Shuffled() Sampler { return shuffled{} }

func (shuffled) check(int) error  { return nil }
func (shuffled) length(n int) int { return n }

// Indices implements Sampler.
func (shuffled) Indices(n int, seed uint64, epoch int) iter.Seq[int] {
	return func(yield func(int) bool) {
		if r := numbersOf(seed, epoch); uint64(n) <= math.MaxUint32 {
			shuffle(upTo[uint32](n), r, yield)
		} else {
			shuffle(upTo[int](n), r, yield)
		}
	}
}

func upTo[T int | uint32](n int) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = T(i)
	}
	return all
}

// shuffle yields the elements of p in a random order, which it makes as it goes: a consumer that stops early saves the rest.
func shuffle[T int | uint32](p []T, r *rand.Rand, yield func(int) bool) {
	for i := range p {
		j := i + r.IntN(len(p)-i)
		p[i], p[j] = p[j], p[i]
		if !yield(int(p[i])) {
			return
		}
	}
}

type subset struct {
	indices  []int
	shuffled bool
}

// Subset is the samples that indices names: in that order, as PyTorch's Subset, or shuffled, as SubsetRandomSampler. A sample that
// is named twice comes twice. Subset copies indices.
func Subset(indices []int, shuffled bool) Sampler {
	return &subset{slices.Clone(indices), shuffled}
}

func (s *subset) check(n int) error {
	if len(s.indices) == 0 {
		return errors.New("mp: Subset: there are no indices")
	}
	for at, i := range s.indices {
		switch {
		case i < 0:
			return fmt.Errorf("mp: Subset: index %d, at position %d, is negative", i, at)
		case n >= 0 && i >= n:
			return fmt.Errorf("mp: Subset: index %d, at position %d, is beyond the dataset, which has %d samples", i, at, n)
		}
	}
	return nil
}

func (s *subset) length(int) int { return len(s.indices) }

// Indices implements Sampler.
func (s *subset) Indices(n int, seed uint64, epoch int) iter.Seq[int] {
	mustCheck(s, n)
	if !s.shuffled {
		return slices.Values(s.indices)
	}
	return func(yield func(int) bool) {
		shuffle(slices.Clone(s.indices), numbersOf(seed, epoch), yield)
	}
}
