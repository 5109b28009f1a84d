package dataloader

import (
	"context"
	"math/rand/v2"
)

// Rand returns the random numbers of the sample that ctx is of: they depend on Options.Seed, the epoch and the index, and on
// nothing else, so that a sample is augmented alike whichever worker gets it, and when it is got again. Each call begins the
// sequence anew. In GetBatch and in a collate function it is the sequence of the batch; in Iterate, in WorkerInit and where the
// dataset is opened that of the worker. What is in a batch of an IterableDataset depends on the number of workers, and so does
// its sequence: it is that of the worker's ID and of how many samples came from it before. In a ctx of no Loader it is another
// one each time. In PyTorch each worker has one generator, so the numbers depend on how many workers there are. What it returns
// is for one goroutine at a time.
func Rand(ctx context.Context) *rand.Rand {
	s, ok := scopeOf(ctx)
	if !ok {
		return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	return s.rand(s.index)
}

// RandOf is Rand of a sample of the batch that ctx is of: for GetBatch.
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

// joint is the index that stands for what is done for several samples: for those of a batch that begins with sample n, or at place
// n of a share, or for the share of worker n.
func joint(n int) int { return whole - 1 - n }

// The streams keep what is drawn for one purpose apart from the others.
const (
	sampleStream = 1 + iota
	workerStream
	orderStream
)

// workerSeed is WorkerInfo.Seed.
func workerSeed(seed uint64, epoch, id int) uint64 {
	return mix(mix(mix(seed, uint64(epoch)), uint64(id)), workerStream)
}

// mix makes one number of two, none of whose bits tells anything of theirs: the finalizer of splitmix64.
func mix(a, b uint64) uint64 {
	x := a + 0x9e3779b97f4a7c15*(b+1)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
