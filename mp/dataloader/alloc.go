package dataloader

import (
	"context"
	"math"

	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

// Fixed are the numbers that tensors are made of.
type Fixed = sharedmem.Fixed

// Alloc returns n numbers for the batch that ctx is for. In a worker of a Loader they lie in shared memory, which the parent maps,
// too: they are not copied into the message, which only says where they are. PyTorch's default_collate does the same with tensors
// in shared memory. When no such memory can be had, and elsewhere, Alloc is make. Iterate counts as elsewhere, because its samples
// may be for a later batch. A negative n panics, as with make.
//
// In a worker the memory may have been used before; it is not cleared. It belongs to the batch: do not use it once Get, GetBatch or
// the collate function has returned, even with an error, since the next attempt gets the same memory. The batch may hold parts of
// it, or nothing of it. If two slices of a batch have memory in common, the second one arrives as a copy. Several goroutines may
// call Alloc at a time.
func Alloc[T Fixed](ctx context.Context, n int) []T {
	if a, ok := ctx.Value(arenaKey{}).(*arena); ok && n > 0 && n <= math.MaxInt/sizeOf[T]() {
		if p := a.alloc(n * sizeOf[T]()); p != nil {
			return numbersIn[T](p)
		}
	}
	return make([]T, n)
}

type arenaKey struct{}

// withArena returns a ctx in which Alloc takes its memory from a.
func withArena(ctx context.Context, a *arena) context.Context {
	return context.WithValue(ctx, arenaKey{}, a)
}

// withoutArena returns a ctx in which Alloc is make.
func withoutArena(ctx context.Context) context.Context {
	return context.WithValue(ctx, arenaKey{}, nil)
}
