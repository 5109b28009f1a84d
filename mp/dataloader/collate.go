package dataloader

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Tensor is numbers and their shape. Those of the last dimension lie side by side, as in PyTorch.
type Tensor[T Fixed] struct {
	Shape []int
	Data  []T
}

// At returns part i of t, such as sample i of a batch. It shares its numbers with t. At panics if i is out of range.
func (t Tensor[T]) At(i int) Tensor[T] {
	if len(t.Shape) == 0 || i < 0 || i >= t.Shape[0] {
		panic(fmt.Sprintf("mp: Tensor.At(%d): the shape is %v", i, t.Shape))
	}
	size := len(t.Data) / t.Shape[0]
	return Tensor[T]{t.Shape[1:], t.Data[i*size : (i+1)*size : (i+1)*size]}
}

// Pair is a sample and what is to be learnt of it, such as its label; or the batches of both.
type Pair[X, Y any] struct {
	X X
	Y Y
}

// Stack is a collate function for samples that are slices of one length: it makes a tensor of the shape [samples, length] of them,
// in memory from Alloc. If a sample has another length, the error names it. Register Stack for a type of number to use it:
//
//	var Stack = mp.Register("stack", dataloader.Stack[float32])
//
// Stack, StackTensors, StackPairs and List together do what default_collate of PyTorch does, which chooses among them at each
// batch. For samples with other fields, write a collate function that makes a Column of each field, and calls Stack for fields
// that are slices.
func Stack[T Fixed](ctx context.Context, samples [][]T) (Tensor[T], error) {
	if len(samples) == 0 {
		return Tensor[T]{}, errNoSamples
	}
	size := len(samples[0])
	for i, s := range samples {
		if len(s) != size {
			return Tensor[T]{}, unlike(ctx, len(samples), i, []int{len(s)}, []int{size})
		}
	}
	t := Tensor[T]{[]int{len(samples), size}, Alloc[T](ctx, len(samples)*size)}
	for i, s := range samples {
		copy(t.Data[i*size:], s)
	}
	return t, nil
}

var errNoSamples = errors.New("mp: Stack: there are no samples")

// unlike is the error for a sample whose shape is not that of the first one. It names both by their indices. If samples of the batch
// were left out, or with an IterableDataset, the indices are not known and it names the place in the batch.
func unlike(ctx context.Context, samples, place int, shape, first any) error {
	if s, ok := scopeOf(ctx); ok && len(s.batch) == samples {
		return fmt.Errorf("mp: Stack: sample %d has the shape %v, and sample %d of the same batch %v", s.batch[place], shape, s.batch[0], first)
	}
	return fmt.Errorf("mp: Stack: the sample at place %d of the batch has the shape %v, and the first one %v", place, shape, first)
}

// StackTensors is Stack for samples that are tensors of one shape. The shape of the batch is the number of samples, then that shape.
func StackTensors[T Fixed](ctx context.Context, samples []Tensor[T]) (Tensor[T], error) {
	for i, s := range samples {
		if !slices.Equal(s.Shape, samples[0].Shape) {
			return Tensor[T]{}, unlike(ctx, len(samples), i, s.Shape, samples[0].Shape)
		}
	}
	t, err := Stack(ctx, Column(samples, func(s Tensor[T]) []T { return s.Data }))
	if err != nil {
		return t, err
	}
	size := 1
	for _, n := range samples[0].Shape {
		size *= n
	}
	if size != t.Shape[1] {
		return Tensor[T]{}, fmt.Errorf("mp: Stack: a sample has the shape %v, and %d numbers", samples[0].Shape, t.Shape[1])
	}
	t.Shape = append(t.Shape[:1], samples[0].Shape...)
	return t, nil
}

// StackPairs is Stack for the X of pairs, and List for their Y.
func StackPairs[T Fixed, Y any](ctx context.Context, samples []Pair[[]T, Y]) (Pair[Tensor[T], []Y], error) {
	x, err := Stack(ctx, Column(samples, func(s Pair[[]T, Y]) []T { return s.X }))
	return Pair[Tensor[T], []Y]{x, Column(samples, func(s Pair[[]T, Y]) Y { return s.Y })}, err
}

// List is a collate function for samples of any kind, strings, single numbers, records: the batch is the list of them.
func List[S any](_ context.Context, samples []S) ([]S, error) { return samples, nil }

// Column returns one field of all samples, for collate functions of one's own.
func Column[S, F any](samples []S, field func(S) F) []F {
	column := make([]F, len(samples))
	for i, s := range samples {
		column[i] = field(s)
	}
	return column
}
