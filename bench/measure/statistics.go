package measure

import (
	"cmp"
	"slices"
)

// quantile sorts xs and returns the element below which the share q of the elements is, or the zero value if xs is empty.
func quantile[T cmp.Ordered](xs []T, q float64) (x T) {
	if len(xs) == 0 {
		return x
	}
	slices.Sort(xs)
	return xs[min(int(q*float64(len(xs))), len(xs)-1)]
}

// median does not change xs. For an even number of elements it is the mean of the middle two.
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

// ratio is the median of the ratios xs[i]/ys[i]. Each is of one round: when the whole machine is slow for a while, both
// sides are. ratio is 0 if there is nothing to divide by.
func ratio(xs, ys []float64) float64 {
	var ratios []float64
	for i, x := range xs {
		if ys[i] != 0 {
			ratios = append(ratios, x/ys[i])
		}
	}
	return median(ratios)
}
