package main

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// photos is a dataset whose samples are only written, not computed, so that the figures are what the loader costs. All
// numbers in sample i are i, and so is its label.
type photos struct{ Size, Batch int } // numbers in a sample; samples in a batch

type (
	labelled = dataloader.Pair[[]float32, int]
	album    = dataloader.Pair[dataloader.Tensor[float32], []int]
)

var (
	samples = dataloader.Register("photos", func(_ context.Context, p photos) (dataloader.Dataset[labelled], error) { return p, nil })
	batches = dataloader.RegisterBatch("albums", func(_ context.Context, p photos) (dataloader.BatchDataset[album], error) { return p, nil })
	stack   = mp.Register("stack", dataloader.StackPairs[float32, int])
)

// Len is more than any epoch has: the sampler upTo says how many.
func (p photos) Len() int { return math.MaxInt }

func (p photos) Get(_ context.Context, i int) (labelled, error) {
	pixels := make([]float32, p.Size)
	fill(pixels, i)
	return labelled{X: pixels, Y: i}, nil
}

func (p photos) GetBatch(ctx context.Context, indices []int) (album, error) {
	pixels := dataloader.Alloc[float32](ctx, len(indices)*p.Size)
	for k, i := range indices {
		fill(pixels[k*p.Size:(k+1)*p.Size], i)
	}
	return album{X: dataloader.Tensor[float32]{Shape: []int{len(indices), p.Size}, Data: pixels}, Y: slices.Clone(indices)}, nil
}

func fill(pixels []float32, i int) {
	for p := range pixels {
		pixels[p] = float32(i)
	}
}

// check compares the first number of each sample with its label.
func (p photos) check(pixels []float32, labels []int) error {
	for k, i := range labels {
		if pixels[k*p.Size] != float32(i) {
			return fmt.Errorf("sample %d is %v", i, pixels[k*p.Size])
		}
	}
	return nil
}

// upTo is a sampler of 0 to n−1, with the n that is set when the epoch begins.
type upTo struct{ n int }

func (u *upTo) Indices(int, uint64, int) iter.Seq[int] {
	n := u.n
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// lending makes a loader. There is a function for each of the ways to load.
type lending func(ctx context.Context, p photos, opts *dataloader.Options) (*dataloader.Loader[album], error)

func viewing(ctx context.Context, p photos, opts *dataloader.Options) (*dataloader.Loader[album], error) {
	opts.View = true
	return keeping(ctx, p, opts)
}

func keeping(ctx context.Context, p photos, opts *dataloader.Options) (*dataloader.Loader[album], error) {
	return dataloader.NewBatched(ctx, batches.With(p), opts)
}

func collating(ctx context.Context, p photos, opts *dataloader.Options) (*dataloader.Loader[album], error) {
	return dataloader.New(ctx, samples.With(p), stack, opts)
}

func collatingViews(ctx context.Context, p photos, opts *dataloader.Options) (*dataloader.Loader[album], error) {
	opts.View = true
	return collating(ctx, p, opts)
}

// loader makes a loader with two workers, which live on between epochs, and with the sampler u.
func (p photos) loader(ctx context.Context, way lending, u *upTo) (*dataloader.Loader[album], error) {
	return way(ctx, p, &dataloader.Options{BatchSize: p.Batch, Workers: workers, Persistent: true, Sampler: u})
}

// epoch runs an epoch of l, checks that it has want samples, and returns how long the first batch took to come.
func (p photos) epoch(ctx context.Context, l *dataloader.Loader[album], want int) (first time.Duration, err error) {
	began := time.Now()
	n := 0
	for b, err := range l.Epoch(ctx) {
		if n == 0 {
			first = time.Since(began)
		}
		if err == nil {
			err = p.check(b.X.Data, b.Y)
		}
		if err != nil {
			return first, err
		}
		n += len(b.Y)
	}
	return first, counted(n, want, nil)
}

// load is a case of a loader in epochs of n samples.
func (p photos) load(name string, way lending, n int) measure.Case {
	return measure.Case{Name: name, Measure: func(ctx context.Context, m *measure.Meter) error {
		var u upTo
		l, err := p.loader(ctx, way, &u)
		if err != nil {
			return err
		}
		defer l.Close()
		return m.All(n, func(n int) error {
			u.n = n
			_, err := p.epoch(ctx, l, n)
			return err
		})
	}}
}

// cold is a case of the time from no workers to the first batch. Closing the loader does not count.
func (p photos) cold(name string, way lending) measure.Case {
	return measure.Case{Name: name, Measure: func(ctx context.Context, m *measure.Meter) error {
		return m.Timed(firsts, func() (took time.Duration, err error) {
			began := time.Now()
			l, err := p.loader(ctx, way, &upTo{p.inFirst()})
			if err != nil {
				return 0, err
			}
			defer l.Close()
			for b, err := range l.Epoch(ctx) {
				took = time.Since(began)
				if err == nil {
					err = p.check(b.X.Data, b.Y)
				}
				return took, err
			}
			return 0, errNoBatch
		})
	}}
}

// next is a case of the time to the first batch of an epoch, except the first epoch, which has to start the workers.
func (p photos) next(name string, way lending) measure.Case {
	return measure.Case{Name: name, Measure: func(ctx context.Context, m *measure.Meter) error {
		l, err := p.loader(ctx, way, &upTo{p.inFirst()})
		if err != nil {
			return err
		}
		defer l.Close()
		return m.Timed(firsts, func() (time.Duration, error) { return p.epoch(ctx, l, p.inFirst()) })
	}}
}

const firsts = 20 // how many first batches a case waits for

// inFirst is how many samples an epoch has when only its first batch is measured: twice as many as both workers prefetch.
func (p photos) inFirst() int { return 8 * p.Batch }
