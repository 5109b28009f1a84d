package dataloader_test

import (
	"context"
	"iter"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// lookahead is a stream that has made a few further samples when it yields one, as a stream that shuffles has.
type lookahead int

func (n lookahead) Iterate(ctx context.Context) iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		var made [][]float32
		for i := range int(n) {
			s := dataloader.Alloc[float32](ctx, 1000)
			for k := range s {
				s[k] = float32(i)
			}
			if made = append(made, s); len(made) <= 5 {
				continue
			}
			if !yield(made[0], nil) {
				return
			}
			made = made[1:]
		}
		for _, s := range made {
			if !yield(s, nil) {
				return
			}
		}
	}
}

var (
	Lookahead = dataloader.RegisterIterable("lookahead", func(_ context.Context, n int) (dataloader.IterableDataset[[]float32], error) {
		return lookahead(n), nil
	})
	StackAhead = mp.Register("stackAhead", dataloader.Stack[float32])
)

// Memory that Iterate got from Alloc still holds its sample if the sample is yielded for a later batch.
func TestAllocInIterate(t *testing.T) {
	leak.Check(t)
	for workers := range 2 {
		l := open[dataloader.Tensor[float32]](t)(dataloader.New(background, Lookahead.With(20), StackAhead, &dataloader.Options{
			BatchSize: 8, Workers: workers, Prefetch: 1,
		}))
		n := 0
		for b, err := range l.Epoch(background) {
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Shape[0] {
				for _, x := range b.At(i).Data {
					if x != float32(n) {
						t.Fatalf("%d workers: sample %d has %v", workers, n, x)
					}
				}
				n++
			}
		}
	}
}
