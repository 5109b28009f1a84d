package spawn

import (
	"math"
	"time"
)

// Sum is a+b, of durations that are not negative, or the longest duration there is: who says math.MaxInt64 means never.
func Sum(a, b time.Duration) time.Duration {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
