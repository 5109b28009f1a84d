package dataloader_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// Whoever gets the samples, they come in the same batches, in the same order.
func TestSameForAllWorkers(t *testing.T) {
	leak.Check(t)
	reference := newLoader(t, config{N: 103}, &dataloader.Options{BatchSize: 5, Shuffle: true, Seed: 7})
	var epochs [][][]int
	for range 3 {
		got, err := epoch(reference)
		if err != nil || len(got) != 21 || len(got[20]) != 3 {
			t.Fatal(got, err)
		}
		epochs = append(epochs, got)
	}
	if slices.EqualFunc(epochs[0], epochs[1], slices.Equal[[]int]) {
		t.Error("two epochs have the same order")
	}
	for _, workers := range []int{1, 2, 5} {
		for _, persistent := range []bool{false, true} {
			opts := &dataloader.Options{BatchSize: 5, Shuffle: true, Seed: 7, Workers: workers, Persistent: persistent}
			t.Run(fmt.Sprint(workers, persistent), func(t *testing.T) {
				l := newLoader(t, config{N: 103}, opts)
				for _, e := range epochs {
					want(t, l, e)
				}
				if s := l.Stats(); s.Batches != 63 || s.Samples != 309 || s.Epochs != 3 {
					t.Errorf("%+v", s)
				}
			})
			t.Run(fmt.Sprint("batched ", workers, persistent), func(t *testing.T) {
				l := newBatched(t, config{N: 103}, opts)
				for _, e := range epochs {
					want(t, l, e)
				}
			})
		}
	}
}

// PyTorch's edge cases.
func TestEdges(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 1, 3} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			for _, c := range []struct {
				n, size  int
				dropLast bool
				batches  int
			}{{0, 4, false, 0}, {3, 4, false, 1}, {3, 4, true, 0}, {4, 4, true, 1}, {5, 4, false, 2}, {5, 4, true, 1}, {1, 0, false, 1}} {
				l := newLoader(t, config{N: c.n}, &dataloader.Options{BatchSize: c.size, DropLast: c.dropLast, Workers: workers})
				size := max(c.size, 1)
				all := chunks(c.n, size)[:c.batches]
				want(t, l, all)
				if l.Len() != c.batches {
					t.Errorf("%+v: Len is %d", c, l.Len())
				}
				l.Close()
			}
		})
	}
}

// What a sample draws at random depends on the seed, the epoch and its index.
func TestRand(t *testing.T) {
	leak.Check(t)
	var first [][]int
	seen := make(map[int]bool)
	for _, workers := range []int{0, 1, 3} {
		for _, seed := range []uint64{1, 2} {
			l := open[batch](t)(dataloader.New(background, Draws.With(20), Collate, &dataloader.Options{Workers: workers, Seed: seed}))
			for e := range 2 {
				got, err := epoch(l)
				if err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = got
				}
				if same := slices.EqualFunc(got, first, slices.Equal[[]int]); same != (seed == 1 && e == 0) {
					t.Errorf("%d workers, seed %d, epoch %d: %v", workers, seed, e, got)
				}
				for _, n := range slices.Concat(got...) {
					seen[n] = true
				}
			}
		}
	}
	if len(seen) != 4*20 {
		t.Errorf("%d different numbers", len(seen))
	}
}
