package dataloader

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"slices"
)

type weighted struct {
	sums        sums
	total       uint64
	some        int // how many weights are not zero
	count       int
	replacement bool
	err         error
}

// Weighted is count samples drawn at random, each the likelier the greater its weight: WeightedRandomSampler of PyTorch. Every
// sample of the dataset has a weight; they need not add up to 1, and a sample of weight 0 never comes. With replacement, a
// sample may come several times, as is useful for rare classes. Without, it comes once at most, and count cannot be more than
// the number of weights above 0.
//
// Weighted converts the weights to whole numbers, which add up to about 2⁶², so that the order is the same on every platform. That
// takes 8 bytes for each, and as many again in an epoch without replacement. weights is not kept.
func Weighted(weights []float64, count int, replacement bool) Sampler {
	w := &weighted{count: count, replacement: replacement}
	if w.err = w.weigh(weights); w.err != nil {
		w.err = fmt.Errorf("mp: Weighted: %w", w.err)
	}
	return w
}

func (w *weighted) weigh(weights []float64) error {
	if len(weights) == 0 {
		return errors.New("there are no weights")
	}
	for i, weight := range weights {
		if !(weight >= 0) || math.IsInf(weight, 1) {
			return fmt.Errorf("the weight of sample %d is %v; it must be a number that is not negative", i, weight)
		}
	}
	heaviest := slices.Max(weights)
	if heaviest == 0 {
		return errors.New("all weights are 0")
	}
	sum := 0.0
	for _, weight := range weights {
		sum += weight / heaviest
	}
	_, above := math.Frexp(sum) // sum < 2^above
	whole := make([]uint64, len(weights))
	for i, weight := range weights {
		if weight > 0 {
			whole[i] = max(1, uint64(math.Ldexp(weight/heaviest, 62-above)))
			w.total += whole[i]
			w.some++
		}
	}
	w.sums = newSums(whole)
	switch {
	case w.count < 1:
		return fmt.Errorf("the count is %d; it must be at least 1", w.count)
	case !w.replacement && w.count > w.some:
		return fmt.Errorf("the count is %d, and only %d samples have a weight above 0: more cannot be drawn without replacement", w.count, w.some)
	}
	return nil
}

func (w *weighted) check(n int) error {
	if w.err == nil && n >= 0 && n != len(w.sums) {
		return fmt.Errorf("mp: Weighted: there are %d weights, and the dataset has %d samples", len(w.sums), n)
	}
	return w.err
}

func (w *weighted) length(int) int { return w.count }

// Indices implements Sampler.
func (w *weighted) Indices(n int, seed uint64, epoch int) iter.Seq[int] {
	mustCheck(w, n)
	return func(yield func(int) bool) {
		r, left, total := numbersOf(seed, epoch), w.sums, w.total
		if !w.replacement {
			left = slices.Clone(left)
		}
		for range w.count {
			i := left.find(r.Uint64N(total))
			if !w.replacement {
				total -= left.clear(i)
			}
			if !yield(i) {
				return
			}
		}
	}
}

// sums is a Fenwick tree: element i−1 is the sum of the last b numbers up to number i−1, where b is the lowest set bit of i. To find
// the number at a given sum, or to change one, takes one step for each bit of an index.
type sums []uint64

// newSums makes the tree of numbers, in place.
func newSums(numbers []uint64) sums {
	s := sums(numbers)
	for i := 1; i <= len(s); i++ {
		if above := i + i&-i; above <= len(s) {
			s[above-1] += s[i-1]
		}
	}
	return s
}

// find returns the index of the first number with which the sum exceeds x. x must be less than the sum of all.
func (s sums) find(x uint64) int {
	at := 0
	for step := 1 << bits.Len(uint(len(s))) >> 1; step > 0; step >>= 1 {
		if next := at + step; next <= len(s) && s[next-1] <= x {
			at = next
			x -= s[next-1]
		}
	}
	return at
}

// clear sets number i to 0, and returns what it was.
func (s sums) clear(i int) uint64 {
	was := s[i]
	for below := i; below > (i+1)&i; below &= below - 1 {
		was -= s[below-1]
	}
	for above := i + 1; above <= len(s); above += above & -above {
		s[above-1] -= was
	}
	return was
}
