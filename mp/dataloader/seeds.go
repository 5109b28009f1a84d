package dataloader

import (
	"context"
	"math/rand/v2"
)

// Rand returns the random numbers of the sample that ctx is for. They depend only on Options.Seed, the epoch and the index, so that
// a sample is augmented alike whichever worker gets it, and when it is got again. Each call begins the sequence anew. In GetBatch
// and in a collate function, Rand returns the sequence of the batch; in Iterate, in WorkerInit and while the dataset is opened, that
// of the worker. The sequence of a batch of an IterableDataset depends on the worker's ID and on how many samples came from that
// worker before: so it depends on the number of workers, as the batch does. With a ctx that is not of a Loader, each call returns
// another sequence. In PyTorch each worker has one generator, so the numbers depend on how many workers there are. The result is
// for one goroutine at a time.
func Rand(ctx context.Context) *rand.Rand {
	s, ok := scopeOf(ctx)
	if !ok {
		return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	return s.rand(s.index)
}

// RandOf is Rand for the sample index of the batch that ctx is for. GetBatch uses it.
func RandOf(ctx context.Context, index int) *rand.Rand {
	s, ok := scopeOf(ctx)
	if !ok {
		return Rand(ctx)
	}
	return s.rand(index)
}

func (s *scope) rand(index int) *rand.Rand {
	return rand.New(rand.NewPCG(mix(s.seed, uint64(s.epoch)), mix(uint64(index), sampleStream)))
}

// joint returns the index that stands for several samples: a batch that begins with sample n, or at place n of a share, or the whole
// share of worker n.
func joint(n int) int { return whole - 1 - n }

// The streams keep the random numbers for one purpose apart from those for others.
const (
	sampleStream = 1 + iota
	workerStream
	orderStream
)

// workerSeed is WorkerInfo.Seed.
func workerSeed(seed uint64, epoch, id int) uint64 {
	return mix(mix(mix(seed, uint64(epoch)), uint64(id)), workerStream)
}

// mix hashes two numbers into one, with the finalizer of splitmix64.
func mix(a, b uint64) uint64 {
	x := a + 0x9e3779b97f4a7c15*(b+1)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
