package dataloader_test

import (
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// indices returns the indices of the first epoch of n samples.
func indices(s dataloader.Sampler, n int) []int { return slices.Collect(s.Indices(n, 1, 0)) }

// endless is a sampler that yields 0, 1, 2 and so on without end. It counts in asked how many indices it has yielded.
type endless struct{ asked *int }

func (c endless) Indices(int, uint64, int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; ; i++ {
			if *c.asked++; !yield(i) {
				return
			}
		}
	}
}

func equalWeights(n int) []float64 { return slices.Repeat([]float64{1}, n) }

// random are the samplers with a random order, for 100 samples.
var random = map[string]dataloader.Sampler{
	"shuffled":            dataloader.Shuffled(),
	"subset":              dataloader.Subset(indices(dataloader.Sequential(), 60), true),
	"weighted":            dataloader.Weighted(equalWeights(100), 50, true),
	"without replacement": dataloader.Weighted(equalWeights(100), 50, false),
	"shard":               dataloader.Shard(dataloader.Shuffled(), 1, 3, false),
}

// The orders are the same on every platform and in every version, so that a checkpoint of one can be resumed with another.
func TestOrdersStay(t *testing.T) {
	weights := []float64{0.1, 0, 3, 1e-9, 0.7, 2, 1.0 / 3}
	for _, c := range []struct {
		s    dataloader.Sampler
		n    int
		want [2][]int
	}{
		{dataloader.Sequential(), 3, [2][]int{{0, 1, 2}, {0, 1, 2}}},
		{dataloader.Shuffled(), 10, [2][]int{{4, 3, 5, 1, 9, 8, 7, 2, 6, 0}, {7, 3, 1, 9, 8, 0, 6, 4, 5, 2}}},
		{dataloader.Subset([]int{9, 3, 3, 4}, false), 10, [2][]int{{9, 3, 3, 4}, {9, 3, 3, 4}}},
		{dataloader.Subset([]int{9, 3, 1, 4, 7}, true), 10, [2][]int{{1, 4, 7, 3, 9}, {4, 7, 3, 9, 1}}},
		{dataloader.Weighted(weights, 12, true), 7, [2][]int{{2, 2, 5, 2, 6, 5, 2, 2, 2, 2, 5, 2}, {5, 2, 5, 5, 5, 2, 2, 4, 5, 2, 5, 5}}},
		{dataloader.Weighted(weights, 6, false), 7, [2][]int{{2, 4, 5, 0, 6, 3}, {5, 2, 4, 6, 0, 3}}},
	} {
		for epoch, want := range c.want {
			if got := slices.Collect(c.s.Indices(c.n, 42, epoch)); !slices.Equal(got, want) {
				t.Errorf("%T, epoch %d: got %v, want %v", c.s, epoch, got, want)
			}
		}
	}
}

func TestOrdersDependOnSeedAndEpoch(t *testing.T) {
	for name, s := range random {
		seen := make(map[string]string)
		for seed := range uint64(5) {
			for epoch := range 5 {
				order := fmt.Sprint(slices.Collect(s.Indices(100, seed, epoch)))
				if again := fmt.Sprint(slices.Collect(s.Indices(100, seed, epoch))); again != order {
					t.Errorf("%s: seed %d, epoch %d: %s, and then %s", name, seed, epoch, order, again)
				}
				here := fmt.Sprintf("seed %d, epoch %d", seed, epoch)
				if there, known := seen[order]; known {
					t.Errorf("%s: %s and %s have the same order", name, here, there)
				}
				seen[order] = here
			}
		}
	}
}

// Two iterations of one sampler at the same time do not disturb each other. An iteration that is stopped early has yielded the
// beginning of the order.
func TestOrdersStopAndMeet(t *testing.T) {
	for name, s := range random {
		all := indices(s, 100)
		for stop := range all {
			at := 0
			for i := range s.Indices(100, 1, 0) {
				if i != all[at] {
					t.Fatalf("%s: place %d has %d instead of %d", name, at, i, all[at])
				}
				for range s.Indices(100, 1, 0) {
					break
				}
				if at++; at > stop {
					break
				}
			}
		}
	}
}

func TestShuffled(t *testing.T) {
	for n := range 70 {
		if got := indices(dataloader.Shuffled(), n); !slices.Equal(slices.Sorted(slices.Values(got)), indices(dataloader.Sequential(), n)) {
			t.Errorf("%d samples: %v", n, got)
		}
	}
	const epochs = 24000
	orders := make(map[string]int)
	for epoch := range epochs {
		orders[fmt.Sprint(slices.Collect(dataloader.Shuffled().Indices(4, 7, epoch)))]++
	}
	for order, times := range orders {
		if times < 850 || times > 1150 { // five standard deviations
			t.Errorf("%s comes %d times in %d epochs", order, times, epochs)
		}
	}
	if len(orders) != 24 {
		t.Errorf("%d of the 24 orders of 4 come", len(orders))
	}
}

func TestSubset(t *testing.T) {
	given := []int{5, 1, 5, 8}
	s := dataloader.Subset(given, true)
	given[0] = 100
	for epoch := range 20 {
		got := slices.Sorted(s.Indices(9, 1, epoch))
		if !slices.Equal(got, []int{1, 5, 5, 8}) {
			t.Fatal(got)
		}
	}
}

// Each rank gets the places of the order that it gets from PyTorch's DistributedSampler.
func TestShard(t *testing.T) {
	for n := range 23 {
		for count := 1; count < 8; count++ {
			for _, dropLast := range []bool{false, true} {
				order := indices(dataloader.Shuffled(), n)
				each := n / count
				if !dropLast {
					each = (n + count - 1) / count
				}
				for padded := slices.Clone(order); n > 0 && len(order) < each*count; {
					order = append(order, padded[len(order)%n])
				}
				for rank := range count {
					s := dataloader.Shard(dataloader.Shuffled(), rank, count, dropLast)
					want := []int{}
					for k := range each {
						want = append(want, order[rank+k*count])
					}
					if got := indices(s, n); !slices.Equal(got, want) {
						t.Errorf("%d samples, rank %d of %d, %t: got %v, want %v", n, rank, count, dropLast, got, want)
					}
				}
			}
		}
	}
}

// A shard can be sharded again, and the whole may be a sampler whose length is not known.
func TestShardOfAnything(t *testing.T) {
	var asked int
	inner := dataloader.Shard(endless{&asked}, 1, 2, false)
	for at, i := range indices(take{dataloader.Shard(inner, 1, 3, true), 5}, 10) {
		if want := 3 + 6*at; i != want {
			t.Errorf("place %d has %d instead of %d", at, i, want)
		}
	}
}

// take yields the first n indices of a sampler.
type take struct {
	of dataloader.Sampler
	n  int
}

func (t take) Indices(n int, seed uint64, epoch int) iter.Seq[int] {
	return func(yield func(int) bool) {
		left := t.n
		for i := range t.of.Indices(n, seed, epoch) {
			if left--; left < 0 || !yield(i) {
				return
			}
		}
	}
}

func TestBatched(t *testing.T) {
	for n := range 12 {
		for size := 1; size < 14; size++ {
			for _, dropLast := range []bool{false, true} {
				want := chunks(n, size)
				if dropLast {
					want = want[:n/size]
				}
				var got [][]int // the batches are kept, so that the test fails if Batched reuses a slice
				for b := range dataloader.Batched(dataloader.Sequential(), size, dropLast).Batches(n, 1, 0) {
					got = append(got, b)
				}
				if !slices.EqualFunc(got, want, slices.Equal[[]int]) {
					t.Errorf("%d in %d, %t: %v", n, size, dropLast, got)
				}
			}
		}
	}
	for b := range dataloader.Batched(dataloader.Sequential(), math.MaxInt, false).Batches(3, 1, 0) {
		if len(b) != 3 {
			t.Error(b)
		}
	}
}

// Batched and Shard draw no more indices than they need for what was taken from them.
func TestSamplersAreLazy(t *testing.T) {
	asked := 0
	for b := range dataloader.Batched(endless{&asked}, 5, false).Batches(1000, 1, 0) {
		if b[4] == 14 {
			break
		}
	}
	if asked != 15 {
		t.Errorf("3 batches of 5 ask for %d indices", asked)
	}
	for dropLast, want := range map[bool]int{false: 8, true: 9} { // up to 7; with dropLast, until every rank has an index
		asked = 0
		for i := range dataloader.Shard(endless{&asked}, 1, 3, dropLast).Indices(1000, 1, 0) {
			if i == 7 {
				break
			}
		}
		if asked != want {
			t.Errorf("3 indices of a shard, %t: they ask for %d", dropLast, asked)
		}
	}
}

// For ten million samples, samplers allocate no more memory than the documentation says.
func TestSamplersOfMany(t *testing.T) {
	const n = 10_000_000
	weights := equalWeights(n)
	weighted := dataloader.Weighted(weights, n, true)
	without := dataloader.Weighted(weights, n, false)
	for _, c := range []struct {
		name  string
		s     dataloader.Sampler
		take  int
		bytes uint64
	}{
		{"shuffled", dataloader.Shuffled(), 1_000_000, 4 * n},
		{"in order", dataloader.Sequential(), n, 0},
		{"a shard", dataloader.Shard(dataloader.Sequential(), 3, 8, false), n, 0},
		{"weighted", weighted, 10_000, 0},
		{"weighted without replacement", without, 10_000, 8 * n},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		last, left := -1, c.take
		for i := range c.s.Indices(n, 1, 0) {
			if last, left = i, left-1; left == 0 {
				break
			}
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > c.bytes+1<<16 || last < 0 {
			t.Errorf("%s: it takes %d bytes, more than %d", c.name, took, c.bytes)
		}
	}
}

// New returns an error for a bad sampler: before it starts a process if it can, otherwise when the dataset is open. Indices panics
// with the same text.
func TestBadSamplers(t *testing.T) {
	leak.Check(t)
	one := []float64{1}
	var asked int
	for _, c := range []struct {
		s    dataloader.Sampler
		want string
	}{
		{dataloader.Subset(nil, true), "there are no indices"},
		{dataloader.Subset([]int{1, -4}, false), "index -4, at position 1, is negative"},
		{dataloader.Subset([]int{1, 9, 10}, true), "index 10, at position 2, is beyond the dataset, which has 10 samples"},
		{dataloader.Weighted(nil, 1, true), "there are no weights"},
		{dataloader.Weighted(equalWeights(9), 1, true), "9 weights, and the dataset has 10"},
		{dataloader.Weighted([]float64{1, -1e-300}, 1, true), "the weight of sample 1 is -1e-300"},
		{dataloader.Weighted([]float64{math.NaN()}, 1, true), "the weight of sample 0 is NaN"},
		{dataloader.Weighted([]float64{1, 1, math.Inf(1)}, 1, true), "the weight of sample 2 is +Inf"},
		{dataloader.Weighted([]float64{0, 0}, 1, true), "all weights are 0"},
		{dataloader.Weighted(one, 0, true), "the count is 0"},
		{dataloader.Weighted(one, -3, true), "the count is -3"},
		{dataloader.Weighted([]float64{0, 1, 1}, 3, false), "the count is 3, and only 2 samples have a weight above 0"},
		{dataloader.Shard(nil, 0, 1, false), "Shard: the sampler is nil"},
		{dataloader.Shard(dataloader.Shuffled(), 0, 0, false), "the count is 0"},
		{dataloader.Shard(dataloader.Shuffled(), 3, 3, true), "the rank is 3 of 3; it must be from 0 to 2"},
		{dataloader.Shard(dataloader.Shuffled(), -1, 3, true), "the rank is -1 of 3"},
		{dataloader.Shard(dataloader.Subset([]int{10}, false), 0, 2, true), "index 10, at position 0, is beyond"},
	} {
		for _, workers := range []int{0, 2} {
			l, err := dataloader.New(background, Numbers.With(config{N: 10}), Collate, &dataloader.Options{Sampler: c.s, Workers: workers})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "mp: ") {
				t.Errorf("%d workers: %v; want %s", workers, err, c.want)
			}
			if err == nil {
				l.Close()
			}
		}
		func() {
			defer func() {
				if err, _ := recover().(error); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("Indices panics with %v; want %s", err, c.want)
				}
			}()
			c.s.Indices(10, 1, 0)
		}()
	}
	for _, c := range []struct {
		s    dataloader.BatchSampler
		want string
	}{
		{dataloader.Batched(nil, 1, false), "Batched: the sampler is nil"},
		{dataloader.Batched(dataloader.Sequential(), 0, false), "the size is 0"},
		{dataloader.Batched(dataloader.Weighted(one, 1, true), 1, false), "1 weights, and the dataset has 10"},
		{dataloader.Batched(dataloader.Shard(endless{&asked}, 5, 2, true), 1, false), "the rank is 5 of 2"},
	} {
		if _, err := dataloader.New(background, Numbers.With(config{N: 10}), Collate, &dataloader.Options{BatchSampler: c.s}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
}

// A loader yields the samples in the order of its sampler, with any number of workers, and resumes that order at a State.
func TestSamplersInLoaders(t *testing.T) {
	leak.Check(t)
	for name, s := range random {
		for _, workers := range []int{0, 1, 2, 5} {
			o := &dataloader.Options{BatchSize: 7, Sampler: s, Seed: 3, Workers: workers, Persistent: workers > 0}
			l := newLoader(t, config{N: 100}, o)
			for epoch := range 2 {
				all := slices.Collect(dataloader.Batched(s, 7, false).Batches(100, 3, epoch))
				want(t, l, all)
				if err := l.Restore(dataloader.State{Seed: 3, Epoch: epoch, Delivered: 2, Len: 100, BatchSize: 7}); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				want(t, l, all[2:])
			}
			l.Close()
		}
	}
}

// Len is the number of batches that the sampler makes, or −1 if that cannot be known.
func TestLenOfSamplers(t *testing.T) {
	leak.Check(t)
	sequential := dataloader.Sequential()
	for _, c := range []struct {
		o    dataloader.Options
		want int
	}{
		{dataloader.Options{Sampler: sequential, BatchSize: 3}, 4},
		{dataloader.Options{Sampler: dataloader.Subset([]int{1, 2, 3, 4}, true), BatchSize: 3}, 2},
		{dataloader.Options{Sampler: dataloader.Subset([]int{1, 2, 3, 4}, true), BatchSize: 3, DropLast: true}, 1},
		{dataloader.Options{Sampler: dataloader.Weighted(equalWeights(10), 25, true), BatchSize: 5}, 5},
		{dataloader.Options{Sampler: dataloader.Shard(sequential, 2, 3, false)}, 4},
		{dataloader.Options{Sampler: dataloader.Shard(sequential, 2, 3, true)}, 3},
		{dataloader.Options{BatchSampler: dataloader.Batched(sequential, 4, true)}, 2},
		{dataloader.Options{Sampler: take{sequential, 4}}, -1},
		{dataloader.Options{Sampler: dataloader.Shard(take{sequential, 4}, 0, 2, true)}, -1},
	} {
		l := newLoader(t, config{N: 10}, &c.o)
		if got := l.Len(); got != c.want {
			t.Errorf("%+v: Len is %d instead of %d", c.o, got, c.want)
		}
		batches, err := epoch(l)
		if err != nil || c.want >= 0 && len(batches) != c.want {
			t.Errorf("%+v: %v, %v", c.o, batches, err)
		}
	}
}
