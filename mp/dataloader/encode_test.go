package dataloader_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

type pickyBatches struct{ n int }

func (d pickyBatches) Len() int { return d.n }

func (d pickyBatches) GetBatch(_ context.Context, indices []int) (picky, error) {
	return picky{indices[0]}, nil
}

var PickyBatches = dataloader.RegisterBatch("pickyBatches", func(_ context.Context, n int) (dataloader.BatchDataset[picky], error) {
	return pickyBatches{n}, nil
})

// The error of a batch that cannot be encoded names the function that made it, its number and its samples.
func TestUnencodableIsNamed(t *testing.T) {
	leak.Check(t)
	opts := &dataloader.Options{BatchSize: 5, Workers: 1}
	for function, l := range map[string]*dataloader.Loader[picky]{
		"picky":        open[picky](t)(dataloader.New(background, Numbers.With(config{N: 10}), Picky, opts)),
		"pickyBatches": open[picky](t)(dataloader.NewBatched(background, PickyBatches.With(10), opts)),
	} {
		var last error
		for _, err := range l.Epoch(background) {
			last = err
		}
		s := sampleError(t, last)
		var remote *mp.RemoteError
		if s.Batch != 1 || !slices.Equal(s.Indices, []int{5, 6, 7, 8, 9}) || !errors.Is(last, errUnlucky) || !errors.As(last, &remote) || remote.Func != function {
			t.Errorf("%+v, %+v", s, remote)
		}
		if !strings.Contains(last.Error(), function+" failed") || !strings.Contains(last.Error(), "cannot be encoded") {
			t.Error(last)
		}
	}
}
