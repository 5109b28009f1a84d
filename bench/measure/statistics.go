package measure

import (
	"cmp"
	"slices"
)

// quantile sorts xs and returns the one below which the share q of them is; the zero value when there are none.
func quantile[T cmp.Ordered](xs []T, q float64) (x T) {
	if len(xs) == 0 {
		return x
	}
	slices.Sort(xs)
	return xs[min(int(q*float64(len(xs))), len(xs)-1)]
}

// median leaves xs as they are. Of an even number it is the mean of the middle two.
func median(xs []float64) float64 {
	if len(xs) == 0 {
		return 0
	}
	xs = slices.Sorted(slices.Values(xs))
	middle := len(xs) / 2
	if len(xs)%2 == 0 {
		return (xs[middle-1] + xs[middle]) / 2
	}
	return xs[middle]
}

// ratio is the median of the ratios in the same round: when the whole machine is slow for a while, both sides are. It is 0
// where there is nothing to divide by.
func ratio(xs, ys []float64) float64 {
	var ratios []float64
	for i, x := range xs {
		if ys[i] != 0 {
			ratios = append(ratios, x/ys[i])
		}
	}
	return median(ratios)
}
