package dataloader_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// The batches and their order are the same for any number of workers.
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

// With Workers 0, whatever Order says, a batch that is tried again is not overtaken, and no later batch is got before it.
func TestInOrderHere(t *testing.T) {
	leak.Check(t)
	for _, order := range []dataloader.Order{dataloader.InOrder(), dataloader.Window(1), dataloader.Unordered()} {
		c := config{N: 4, Does: map[int]string{1: "fail"}, Log: true, Dir: prog.TempDir(t)}
		want(t, newBatched(t, c, &dataloader.Options{BatchSize: 2, Prefetch: 3, OnError: dataloader.Skip, Order: order}), [][]int{{0}, {2, 3}})
		text, err := os.ReadFile(filepath.Join(c.Dir, fmt.Sprint("log-", os.Getpid())))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Fields(string(text))
		if second := got[slices.Index(got, "2"):]; slices.Contains(second, "0") || slices.Contains(second, "1") {
			t.Errorf("%v: they were got as %v", order, got)
		}
	}
}

// With an empty dataset, a short last batch and DropLast, the batches are those of PyTorch.
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

// lots is a dataset whose batches hold a draw of RandOf for each sample, and two of Rand for the batch.
type lots int

func (d lots) Len() int { return int(d) }

func (d lots) GetBatch(ctx context.Context, indices []int) (b batch, err error) {
	for _, i := range indices {
		b.Numbers = append(b.Numbers, dataloader.RandOf(ctx, i).IntN(1<<30))
	}
	b.Squares = []float64{dataloader.Rand(ctx).Float64(), dataloader.Rand(ctx).Float64()}
	return b, nil
}

var (
	Lots = dataloader.RegisterBatch("lots", func(_ context.Context, n int) (dataloader.BatchDataset[batch], error) { return lots(n), nil })
	// Draw makes a batch of the samples and two draws of Rand.
	Draw = mp.Register("draw", func(ctx context.Context, samples []int) (batch, error) {
		return batch{samples, []float64{dataloader.Rand(ctx).Float64(), dataloader.Rand(ctx).Float64()}, 0}, nil
	})
	// Shares is a stream whose samples are draws of Rand.
	Shares = dataloader.RegisterIterable("shares", func(context.Context, int) (dataloader.IterableDataset[int], error) { return shares{}, nil })
)

type shares struct{}

func (shares) Iterate(ctx context.Context) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for range 2 {
			if !yield(dataloader.Rand(ctx).IntN(1<<30), nil) {
				return
			}
		}
	}
}

// In GetBatch and in a collate function, Rand belongs to the batch, and is the same for any number of workers. RandOf is what Rand
// is in Get for that sample.
func TestRandOfBatches(t *testing.T) {
	leak.Check(t)
	seen := make(map[float64]int)
	for _, workers := range []int{0, 1, 3} {
		opts := &dataloader.Options{BatchSize: 4, Shuffle: true, Workers: workers}
		drawn := open[batch](t)(dataloader.New(background, Draws.With(20), Draw, opts))
		batches := open[batch](t)(dataloader.NewBatched(background, Lots.With(20), opts))
		for range 2 {
			reference, err := epoch(drawn)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for b, err := range batches.Epoch(background) {
				if err != nil || !slices.Equal(b.Numbers, reference[n]) || b.Squares[0] != b.Squares[1] {
					t.Fatalf("%v, %v; want %v", b, err, reference[n])
				}
				seen[b.Squares[0]]++
				n++
			}
		}
		for b, err := range drawn.Epoch(background) { // the third one
			if err != nil || b.Squares[0] != b.Squares[1] {
				t.Fatal(b, err)
			}
			seen[b.Squares[0]]++
		}
	}
	for draw, n := range seen {
		if n != 3 { // with each number of workers
			t.Errorf("%v was drawn %d times", draw, n)
		}
	}
	if len(seen) != 3*5 {
		t.Errorf("%d different draws", len(seen))
	}
}

// In Iterate, Rand belongs to the worker and the epoch.
func TestRandOfShares(t *testing.T) {
	leak.Check(t)
	seen := make(map[int]bool)
	for range 2 {
		l := open[batch](t)(dataloader.New(background, Shares.With(0), Collate, &dataloader.Options{Workers: 2, BatchSize: 2}))
		for range 2 {
			got, err := epoch(l)
			if err != nil || len(got) != 2 || got[0][0] != got[0][1] || got[1][0] != got[1][1] {
				t.Fatal(got, err)
			}
			seen[got[0][0]], seen[got[1][0]] = true, true
		}
	}
	if len(seen) != 4 { // two workers in two epochs; the second loader draws the same
		t.Errorf("%v", seen)
	}
}

// In Get, Rand depends on the seed, the epoch and the index of the sample, and on nothing else.
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
