package dataloader_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

type (
	tensor = dataloader.Tensor[float32]
	pair   = dataloader.Pair[[]float32, string]
	stack  = dataloader.Pair[tensor, []string]
)

// ragged is a dataset of N pairs with four numbers each.
type ragged struct {
	N    int
	Odd  int // the sample that has three numbers; −1: none
	Fail int // the sample that cannot be got; −1: none
}

func (r ragged) Len() int { return r.N }

func (r ragged) Get(_ context.Context, i int) (pair, error) {
	if i == r.Fail {
		return pair{}, errUnlucky
	}
	n := float32(i)
	p := pair{X: []float32{n, n + .25, n + .5, n + .75}, Y: fmt.Sprint("label ", i)}
	if i == r.Odd {
		p.X = p.X[:3]
	}
	return p, nil
}

var (
	Ragged = dataloader.Register("ragged", func(_ context.Context, r ragged) (dataloader.Dataset[pair], error) { return r, nil })

	StackPairs = mp.Register("stack-pairs", dataloader.StackPairs[float32, string])
	ListPairs  = mp.Register("list-pairs", dataloader.List[pair])
)

func TestStack(t *testing.T) {
	got, err := dataloader.Stack(background, [][]int16{{1, 2, 3}, {4, 5, 6}})
	if err != nil || !slices.Equal(got.Shape, []int{2, 3}) || !slices.Equal(got.Data, []int16{1, 2, 3, 4, 5, 6}) {
		t.Error(got, err)
	}
	if got, err := dataloader.Stack(background, [][]uint8{{}, nil}); err != nil || !slices.Equal(got.Shape, []int{2, 0}) || len(got.Data) != 0 {
		t.Error(got, err)
	}
}

func TestStackTensors(t *testing.T) {
	a := tensor{[]int{2, 1, 3}, []float32{1, 2, 3, 4, 5, 6}}
	b := tensor{[]int{2, 1, 3}, []float32{7, 8, 9, 10, 11, 12}}
	got, err := dataloader.StackTensors(background, []tensor{a, b})
	if err != nil || !slices.Equal(got.Shape, []int{2, 2, 1, 3}) || !slices.Equal(got.Data, slices.Concat(a.Data, b.Data)) {
		t.Error(got, err)
	}
	if at := got.At(1); !slices.Equal(at.Shape, b.Shape) || !slices.Equal(at.Data, b.Data) || cap(at.Data) != len(at.Data) {
		t.Error(at)
	}
	if at := got.At(0).At(1).At(0); !slices.Equal(at.Shape, []int{3}) || !slices.Equal(at.Data, []float32{4, 5, 6}) {
		t.Error(at)
	}
	scalars, err := dataloader.StackTensors(background, []tensor{{nil, []float32{1}}, {nil, []float32{2}}})
	if err != nil || !slices.Equal(scalars.Shape, []int{2}) || len(scalars.At(1).Shape) != 0 || scalars.At(1).Data[0] != 2 {
		t.Error(scalars, err)
	}
	for _, of := range []tensor{got, scalars.At(0)} {
		for _, i := range []int{-1, 2} {
			func() {
				defer func() {
					if text := fmt.Sprint(recover()); text != fmt.Sprintf("mp: Tensor.At(%d): the shape is %v", i, of.Shape) {
						t.Error(text)
					}
				}()
				of.At(i)
			}()
		}
	}
}

func TestStackRefuses(t *testing.T) {
	flat := func(shape ...int) tensor { return tensor{shape, make([]float32, 6)} }
	for _, c := range []struct {
		stack func() (tensor, error)
		want  string
	}{
		{func() (tensor, error) { return dataloader.Stack[float32](background, nil) }, "there are no samples"},
		{func() (tensor, error) { return dataloader.Stack(background, [][]float32{{1}, {1}, {1, 2}}) }, "the sample at place 2 of the batch has the shape [2], and the first one [1]"},
		{func() (tensor, error) { return dataloader.StackTensors[float32](background, nil) }, "there are no samples"},
		{func() (tensor, error) { return dataloader.StackTensors(background, []tensor{flat(2, 3), flat(3, 2)}) }, "place 1 of the batch has the shape [3 2], and the first one [2 3]"},
		{func() (tensor, error) { return dataloader.StackTensors(background, []tensor{flat(2, 2), flat(2, 2)}) }, "a sample has the shape [2 2], and 6 numbers"},
		{func() (tensor, error) {
			return dataloader.StackTensors(background, []tensor{flat(6), {[]int{6}, make([]float32, 5)}})
		}, "has the shape [5], and the first one [6]"},
	} {
		if got, err := c.stack(); err == nil || !strings.Contains(err.Error(), c.want) || got.Data != nil {
			t.Errorf("%v, %v; want %s", got, err, c.want)
		}
	}
}

// The batch of a collate function arrives unchanged, as a copy and as a view, from workers and with Workers 0.
func TestCollatesInWorkers(t *testing.T) {
	leak.Check(t)
	for _, o := range []dataloader.Options{{}, {Workers: 2}, {Workers: 2, View: true}} {
		o.BatchSize = 3
		stacks := open[stack](t)(dataloader.New(background, Ragged.With(ragged{7, -1, -1}), StackPairs, &o))
		lists := open[[]pair](t)(dataloader.New(background, Ragged.With(ragged{7, -1, -1}), ListPairs, &o))
		at := 0
		for s, err := range stacks.Epoch(background) {
			if err != nil {
				t.Fatal(err)
			}
			if s.X.Shape[0] != len(s.Y) || s.X.Shape[1] != 4 {
				t.Fatal(s)
			}
			for i, label := range s.Y {
				n := float32(at)
				if want := []float32{n, n + .25, n + .5, n + .75}; !slices.Equal(s.X.At(i).Data, want) || label != fmt.Sprint("label ", at) {
					t.Errorf("sample %d is %v, %s", at, s.X.At(i), label)
				}
				at++
			}
		}
		var all []pair
		for l, err := range lists.Epoch(background) {
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range l {
				all = append(all, pair{slices.Clone(p.X), p.Y})
			}
		}
		if at != 7 || len(all) != 7 || all[6].Y != "label 6" || all[6].X[0] != 6 {
			t.Errorf("%d samples; %v", at, all)
		}
	}
}

// If a sample has another shape than the rest of its batch, the error names it by its index. If a sample of the batch was left
// out before, the indices are not known, and the error gives the place in the batch.
func TestStackNamesTheSample(t *testing.T) {
	leak.Check(t)
	backwards := dataloader.Subset([]int{6, 5, 4, 3, 2, 1, 0}, false)
	for _, workers := range []int{0, 2} {
		for _, c := range []struct {
			set  ragged
			want string
		}{
			{ragged{7, 4, -1}, "sample 4 has the shape [3], and sample 6 of the same batch [4]"},
			{ragged{7, 4, 5}, "the sample at place 1 of the batch has the shape [3], and the first one [4]"}, // 5 is left out
		} {
			l := open[stack](t)(dataloader.New(background, Ragged.With(c.set), StackPairs,
				&dataloader.Options{BatchSize: 3, Workers: workers, Sampler: backwards, OnError: dataloader.Skip}))
			var told []string
			for _, err := range l.Epoch(background) {
				if err != nil {
					told = append(told, err.Error())
				}
			}
			if s := l.Stats(); s.LastSkipped != nil {
				told = append(told, s.LastSkipped.Error())
			}
			if !strings.Contains(strings.Join(told, "\n"), c.want) {
				t.Errorf("%d workers: %q; want %s", workers, told, c.want)
			}
		}
	}
}
