package dataloader_test

import (
	"context"
	"slices"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

var Drawn = mp.Register("drawn", func(ctx context.Context, samples []int) (batch, error) {
	return batch{Numbers: []int{dataloader.Rand(ctx).IntN(1 << 30)}}, nil
})

// In a collate function, each batch of an IterableDataset has a Rand of its own. A batch that is made again, after a death or a
// Restore, has the same one.
func TestRandOfAStream(t *testing.T) {
	leak.Check(t)
	stream := func(c config, workers int) *dataloader.Loader[batch] {
		t.Helper()
		return open[batch](t)(dataloader.New(background, Stream.With(c), Drawn, &dataloader.Options{BatchSize: 3, Workers: workers, Seed: 7}))
	}
	var here [][]int
	for _, workers := range []int{0, 1, 2} {
		l := stream(config{N: 30}, workers)
		first, err := epoch(l)
		if err != nil {
			t.Fatal(err)
		}
		second, err := epoch(l)
		if err != nil {
			t.Fatal(err)
		}
		if all := slices.Concat(slices.Concat(first...), slices.Concat(second...)); len(all) != 20 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != 20 {
			t.Errorf("%d workers: %v", workers, all)
		}
		if here == nil {
			here = first
		}
		if workers == 1 && !slices.EqualFunc(first, here, slices.Equal[[]int]) {
			t.Errorf("%v with a worker, %v without", first, here)
		}
		if workers > 0 {
			want(t, stream(config{N: 30, Does: map[int]string{13: "once die"}, Dir: prog.TempDir(t)}, workers), first)
		}
		rest := stream(config{N: 30}, workers)
		if err := rest.Restore(stateAfter(t, stream(config{N: 30}, workers), 0, 4)); err != nil {
			t.Fatal(err)
		}
		want(t, rest, first[4:])
	}
}
