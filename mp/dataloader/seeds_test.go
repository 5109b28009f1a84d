package dataloader_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// seeds is the WorkerInfo.Seed that a worker has seen when it opened the dataset, in WorkerInit and in GetBatch.
type seeds struct {
	Worker               int
	Opened, Inited, Here uint64
	Drawn                uint64 // from Rand in WorkerInit
}

// seeded is a dataset whose batches are seeds.
type seeded struct{ opened uint64 }

var (
	inited, drawn uint64 // what WorkerInit has seen

	Seeded = dataloader.RegisterBatch("seeded", func(ctx context.Context, _ int) (dataloader.BatchDataset[seeds], error) {
		info, _ := dataloader.Worker(ctx)
		return seeded{info.Seed}, nil
	})
	Seed = mp.RegisterInit("seed", func(ctx context.Context, _ int) error {
		info, _ := dataloader.Worker(ctx)
		inited, drawn = info.Seed, dataloader.Rand(ctx).Uint64()
		return nil
	})
)

func (seeded) Len() int { return 8 }

func (d seeded) GetBatch(ctx context.Context, _ []int) (seeds, error) {
	info, _ := dataloader.Worker(ctx)
	return seeds{info.ID, d.opened, inited, info.Seed, drawn}, nil
}

// While the dataset is opened, and in WorkerInit, a worker has the seed of the epoch that it is started for.
func TestSeedOfAWorker(t *testing.T) {
	leak.Check(t)
	for _, opts := range []dataloader.Options{{Seed: 7}, {Seed: 7, Workers: 2}, {Seed: 7, Workers: 2, Persistent: true}} {
		t.Run(fmt.Sprint(opts.Workers, opts.Persistent), func(t *testing.T) {
			opts.WorkerInit = Seed.With(0)
			l := open[seeds](t)(dataloader.NewBatched(background, Seeded.With(0), &opts))
			seen := make(map[uint64]string)
			first := make([]uint64, max(opts.Workers, 1)) // the seed of each worker in epoch 0, for which New starts them
			for epoch := range 4 {
				if epoch == 2 {
					if err := l.Restore(dataloader.State{Seed: 8, Epoch: 1, Len: 8, BatchSize: 1}); err != nil {
						t.Fatal(err)
					}
				}
				for s, err := range l.Epoch(background) {
					if err != nil {
						t.Fatal(err)
					}
					if epoch == 0 {
						first[s.Worker] = s.Here
					}
					want := s.Here
					if opts.Workers == 0 || opts.Persistent {
						want = first[s.Worker]
					}
					if s.Opened != want || s.Inited != want {
						t.Fatalf("epoch %d: %+v", epoch, s)
					}
					whose := fmt.Sprint(epoch, s.Worker)
					if other, found := seen[s.Here]; found && other != whose {
						t.Fatalf("worker and epoch %s have the seed of %s", whose, other)
					}
					seen[s.Here] = whose
				}
			}
		})
	}
}

// Rand in WorkerInit depends on the loader's seed and on the worker.
func TestRandOfWorkerInit(t *testing.T) {
	leak.Check(t)
	drawn := make(map[uint64]uint64) // by WorkerInfo.Seed
	for _, opts := range []dataloader.Options{{Seed: 7}, {Seed: 8}, {Seed: 7, Workers: 2}, {Seed: 8, Workers: 2}} {
		opts.WorkerInit = Seed.With(0)
		l := open[seeds](t)(dataloader.NewBatched(background, Seeded.With(0), &opts))
		for s, err := range l.Epoch(background) {
			if err != nil {
				t.Fatal(err)
			}
			if other, found := drawn[s.Inited]; found && s.Drawn != other {
				t.Fatalf("%+v, and %d before", s, other)
			}
			drawn[s.Inited] = s.Drawn
		}
	}
	seed := make(map[uint64]uint64)
	for of, n := range drawn {
		if other, found := seed[n]; found {
			t.Errorf("seeds %d and %d have the same numbers", of, other)
		}
		seed[n] = of
	}
	if len(drawn) != 4 {
		t.Error(drawn)
	}
}
