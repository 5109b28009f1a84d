package spawn

import (
	"math"
	"time"
)

// Sum is a+b, or math.MaxInt64 if that would overflow: a caller that passes math.MaxInt64 means never. Neither may be negative.
func Sum(a, b time.Duration) time.Duration {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
