package main

import (
	"context"
	"math"

	"github.com/tetratelabs/wazero/api"
)

func square(ctx context.Context, m api.Module) ([]uint64, error) {
	return m.ExportedFunction("square").Call(ctx, math.Float64bits(7)) // the guest expects an int
}

func main() { square(context.Background(), nil) }
