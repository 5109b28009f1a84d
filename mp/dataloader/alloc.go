package dataloader

import (
	"context"
	"math"

	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
)

// Fixed are the numbers that tensors are made of.
type Fixed = sharedmem.Fixed

// Alloc returns n numbers for the batch that ctx is of. In a worker of a Loader they lie in memory that the parent has too:
// what is written there is not sent, the message says only where it is. It is what PyTorch's default_collate does with
// tensors in shared memory. Elsewhere, such as in Iterate, whose samples may be for a later batch, and when no such memory can be
// had, Alloc is make. A negative n is a panic, as there.
//
// In a worker the memory was used before and is not cleared. It belongs to the batch: leave it alone once Get, GetBatch or the
// collate function has returned, also with an error, since the next attempt has the same memory. Slices of it can be sent as
// well, and none of it has to be; where two slices of a batch have memory in common, the second arrives as a copy. Several
// goroutines can use Alloc at a time.
func Alloc[T Fixed](ctx context.Context, n int) []T {
	if a, ok := ctx.Value(arenaKey{}).(*arena); ok && n > 0 && n <= math.MaxInt/sizeOf[T]() {
		if p := a.alloc(n * sizeOf[T]()); p != nil {
			return numbersIn[T](p)
		}
	}
	return make([]T, n)
}

type arenaKey struct{}

// withArena is ctx for what makes the batch of a.
func withArena(ctx context.Context, a *arena) context.Context {
	return context.WithValue(ctx, arenaKey{}, a)
}

// withoutArena is ctx for what is of no batch.
func withoutArena(ctx context.Context) context.Context {
	return context.WithValue(ctx, arenaKey{}, nil)
}
