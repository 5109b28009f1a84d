// Package flavours is tested in every way in which the go tool can test: with coverage, by a fuzzer, through another
// program. Its only function runs in children only, so that it is covered only if statements of children count.
package flavours

import "context"

func double(_ context.Context, n int) (int, error) {
	n *= 2
	return n, nil
}
