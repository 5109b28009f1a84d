package dataloader_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
)

// shape describes a dataset of images that cost no time beyond writing their pixels.
type shape struct{ Size, Count, Batch int }

type picture struct {
	Pixels []float32
	Label  int
}

func (s shape) Len() int { return s.Count }

func (s shape) Get(_ context.Context, i int) (picture, error) {
	p := picture{make([]float32, s.Size), i}
	fill(p.Pixels, i)
	return p, nil
}

type shapeBatches struct{ shape }

func (s shapeBatches) GetBatch(ctx context.Context, indices []int) (image, error) {
	b := image{dataloader.Alloc[float32](ctx, s.Size*len(indices)), make([]int, len(indices))}
	for k, i := range indices {
		fill(b.Pixels[k*s.Size:(k+1)*s.Size], i)
		b.Label[k] = i
	}
	return b, nil
}

func fill(pixels []float32, i int) {
	for p := range pixels {
		pixels[p] = float32(i)
	}
}

var (
	Shapes  = dataloader.Register("shapes", func(_ context.Context, s shape) (dataloader.Dataset[picture], error) { return s, nil })
	ShapesB = dataloader.RegisterBatch("shapes.batches", func(_ context.Context, s shape) (dataloader.BatchDataset[image], error) {
		return shapeBatches{s}, nil
	})
	StackPictures = mp.Register("stack.pictures", func(ctx context.Context, all []picture) (image, error) {
		size := len(all[0].Pixels)
		b := image{dataloader.Alloc[float32](ctx, size*len(all)), make([]int, len(all))}
		for k, p := range all {
			copy(b.Pixels[k*size:], p.Pixels)
			b.Label[k] = p.Label
		}
		return b, nil
	})
)

// BenchmarkLoader reports images per second: with GetBatch and View, with GetBatch and copies that may be kept, and with Get and
// a collate function. For comparison, goroutines make the same batches in reused or in new memory.
func BenchmarkLoader(b *testing.B) {
	for _, s := range []shape{{3 * 224 * 224, 32 * 32, 32}, {3 * 32 * 32, 256 * 64, 64}} {
		for _, workers := range []int{0, 1, 2} {
			opts := dataloader.Options{BatchSize: s.Batch, Workers: workers, Persistent: workers > 0}
			name := fmt.Sprintf("%d/workers=%d/", s.Size, workers)
			view := opts
			view.View = true
			b.Run(name+"GetBatch,View", func(b *testing.B) {
				epochs(b, s)(dataloader.NewBatched(background, ShapesB.With(s), &view))
			})
			b.Run(name+"GetBatch", func(b *testing.B) { epochs(b, s)(dataloader.NewBatched(background, ShapesB.With(s), &opts)) })
			b.Run(name+"Get", func(b *testing.B) { epochs(b, s)(dataloader.New(background, Shapes.With(s), StackPictures, &opts)) })
		}
		for _, reuse := range []bool{true, false} {
			b.Run(fmt.Sprintf("%d/goroutines=2/reuse=%v", s.Size, reuse), func(b *testing.B) { goroutines(b, s, reuse) })
		}
	}
}

func epochs(b *testing.B, s shape) func(*dataloader.Loader[image], error) {
	return func(l *dataloader.Loader[image], err error) {
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		n := 0
		for b.Loop() {
			for batch, err := range l.Epoch(background) {
				if err != nil {
					b.Fatal(err)
				}
				check(b, batch, s)
				n += len(batch.Label)
			}
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "images/s")
		b.Log(l.Stats())
	}
}

func check(b *testing.B, batch image, s shape) {
	for k, i := range batch.Label {
		if batch.Pixels[k*s.Size] != float32(i) {
			b.Fatal("a batch is wrong")
		}
	}
}

func goroutines(b *testing.B, s shape, reuse bool) {
	n := 0
	for b.Loop() {
		todo, done, free := make(chan int), make(chan image, 4), make(chan image, 5)
		for range cap(free) {
			free <- image{}
		}
		for range 2 {
			go func() {
				for k := range todo {
					batch := <-free
					if batch.Pixels == nil {
						batch = image{make([]float32, s.Size*s.Batch), make([]int, s.Batch)}
					}
					for j := range s.Batch {
						fill(batch.Pixels[j*s.Size:(j+1)*s.Size], k*s.Batch+j)
						batch.Label[j] = k*s.Batch + j
					}
					done <- batch
				}
			}()
		}
		go func() {
			defer close(todo)
			for k := range s.Count / s.Batch {
				todo <- k
			}
		}()
		for range s.Count / s.Batch {
			batch := <-done
			check(b, batch, s)
			n += s.Batch
			if !reuse {
				batch = image{}
			}
			free <- batch
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "images/s")
}
