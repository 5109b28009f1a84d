package dataloader_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// seen is what a dataset is told of its worker.
type seen struct {
	ID, Count int
	Seed      uint64
	Opened    bool // Dataset is what was opened
}

// selfAware is an IterableDataset that yields what it is told, once.
type selfAware struct{}

func (d *selfAware) Iterate(ctx context.Context) iter.Seq2[seen, error] {
	return func(yield func(seen, error) bool) {
		info, ok := dataloader.Worker(ctx)
		if !ok {
			yield(seen{}, errors.New("there is no worker"))
			return
		}
		yield(seen{info.ID, info.Count, info.Seed, info.Dataset == any(d)}, nil)
	}
}

var (
	SelfAware = dataloader.RegisterIterable("selfAware", func(context.Context, int) (dataloader.IterableDataset[seen], error) { return &selfAware{}, nil })
	AllSeen   = mp.Register("allSeen", dataloader.List[seen])
)

// The seed of a worker depends on the seed, the epoch and its ID, and on nothing else.
func TestWorkerInfo(t *testing.T) {
	leak.Check(t)
	seeds := make(map[[3]uint64]uint64) // by seed, epoch and ID
	for _, workers := range []int{0, 1, 3} {
		for seed := range uint64(2) {
			l := open[[]seen](t)(dataloader.New(background, SelfAware.With(0), AllSeen, &dataloader.Options{Workers: workers, Seed: seed}))
			for epoch := range uint64(2) {
				id := 0
				for b, err := range l.Epoch(background) {
					if err != nil {
						t.Fatal(err)
					}
					if s := b[0]; s.ID != id || s.Count != max(workers, 1) || !s.Opened {
						t.Errorf("worker %d of %d: %+v", id, workers, s)
					}
					of := [3]uint64{seed, epoch, uint64(id)}
					if was, known := seeds[of]; known && was != b[0].Seed {
						t.Errorf("the seed of %v is %d with %d workers, and was %d", of, b[0].Seed, workers, was)
					}
					seeds[of] = b[0].Seed
					id++
				}
				if id != max(workers, 1) {
					t.Errorf("%d of %d workers", id, workers)
				}
			}
		}
	}
	different := make(map[uint64]bool)
	for _, s := range seeds {
		different[s] = true
	}
	if len(different) != 2*2*3 {
		t.Errorf("%d different seeds", len(different))
	}
}
