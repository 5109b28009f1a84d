package main

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
)

// twin is how two goroutines do what a loader with two workers does.
type twin struct {
	inPlace bool // samples are made in their batch, as by GetBatch; else each alone and copied there, as by a collate function
	again   bool // a batch is made in the memory of one that is no longer used
	kept    bool // the consumer copies each batch, as its memory is used again
}

type rawBatch struct {
	pixels []float32
	labels []int
}

// goroutines is a case of n samples that goroutines make.
func (p photos) goroutines(name string, n int, t twin) measure.Case {
	return measure.Case{Name: name, Measure: func(_ context.Context, m *measure.Meter) error {
		return m.All(n, func(n int) error {
			got := 0
			for b := range p.made(n, t) {
				if t.kept {
					b.pixels = slices.Clone(b.pixels)
				}
				if err := p.check(b.pixels, b.labels); err != nil {
					return err
				}
				got += len(b.labels)
			}
			return counted(got, n, nil)
		})
	}}
}

// made yields batches as they get ready, n samples in all. When the loop over them has ended, the goroutines have, too.
func (p photos) made(n int, t twin) iter.Seq[rawBatch] {
	const ahead = 2 * workers // as many as the workers of a loader prefetch
	return func(yield func(rawBatch) bool) {
		all := (n + p.Batch - 1) / p.Batch
		todo, ready, free := make(chan int, all), make(chan rawBatch, ahead), make(chan rawBatch, ahead+1)
		for k := range all {
			todo <- k
		}
		close(todo)
		for range cap(free) {
			free <- rawBatch{}
		}
		var wg sync.WaitGroup
		defer func() {
			close(free)
			for range free { // so that the goroutines find none to fill, and end
			}
			wg.Wait()
		}()
		for range workers {
			wg.Go(func() {
				sample := make([]float32, p.Size)
				for k := range todo {
					b, ok := <-free
					if !ok {
						return
					}
					if b.pixels == nil {
						b = rawBatch{make([]float32, p.Batch*p.Size), make([]int, p.Batch)}
					}
					from := k * p.Batch
					b.labels = b.labels[:min(p.Batch, n-from)]
					p.make(b, from, sample, t.inPlace)
					ready <- b // does not block for ever: if the loop is left, it has one of the batches, and all others fit in
				}
			})
		}
		for range all {
			b := <-ready
			if !yield(b) {
				return
			}
			if !t.again {
				b = rawBatch{}
			}
			free <- b
		}
	}
}

// make makes the samples of a batch.
func (p photos) make(b rawBatch, from int, sample []float32, inPlace bool) {
	for k := range b.labels {
		b.labels[k] = from + k
		place := b.pixels[k*p.Size : (k+1)*p.Size]
		if inPlace {
			fill(place, from+k)
			continue
		}
		fill(sample, from+k)
		copy(place, sample)
	}
}

// copied is a case in which one goroutine copies n samples, a batch at a time, and has none to make.
func (p photos) copied(name string, n int) measure.Case {
	return measure.Case{Name: name, Measure: func(_ context.Context, m *measure.Meter) error {
		pixels, labels := make([]float32, p.Batch*p.Size), make([]int, p.Batch)
		p.make(rawBatch{pixels, labels}, 0, nil, true)
		return m.All(n, func(n int) error {
			for left := n; left > 0; left -= p.Batch {
				few := min(left, p.Batch)
				if err := p.check(slices.Clone(pixels[:few*p.Size]), labels[:few]); err != nil {
					return err
				}
			}
			return nil
		})
	}}
}

var errNoBatch = errors.New("no batch has come")

// firstOfGoroutines is a case of the time from no goroutines to the first batch.
func (p photos) firstOfGoroutines(name string) measure.Case {
	return measure.Case{Name: name, Measure: func(_ context.Context, m *measure.Meter) error {
		return m.Timed(firsts, func() (time.Duration, error) {
			began := time.Now()
			for b := range p.made(p.inFirst(), twin{}) {
				return time.Since(began), p.check(b.pixels, b.labels)
			}
			return 0, errNoBatch
		})
	}}
}
