package dataloader

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A tree of sums finds for each place the number that adding up the numbers one by one finds.
func TestSums(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 40; n++ {
		numbers := make([]uint64, n)
		for i := range numbers {
			numbers[i] = r.Uint64N(4)
		}
		numbers[r.IntN(n)] = 1
		s := newSums(slices.Clone(numbers))
		for _, i := range r.Perm(n) {
			x := uint64(0)
			for at, number := range numbers {
				for range number {
					if got := s.find(x); got != at {
						t.Fatalf("%v: %d is in %d instead of %d", numbers, x, got, at)
					}
					x++
				}
			}
			if got := s.clear(i); got != numbers[i] {
				t.Fatalf("%v: number %d was %d", numbers, i, got)
			}
			numbers[i] = 0
		}
	}
}

func TestWeighted(t *testing.T) {
	weights := []float64{3, 0, 1, 0.5, 0, 1.5, 4}
	const draws = 100_000
	times := make([]float64, len(weights))
	for i := range Weighted(weights, draws, true).Indices(len(weights), 5, 0) {
		times[i]++
	}
	for i, weight := range weights {
		want := weight / 10 * draws
		if off := math.Abs(times[i] - want); off > 5*math.Sqrt(want) {
			t.Errorf("sample %d of weight %v comes %v times", i, weight, times[i])
		}
	}
}

// Without replacement, each index is drawn as if the indices before it had never been there.
func TestWeightedWithoutReplacement(t *testing.T) {
	weights := []float64{1, 0, 2, 5}
	s := Weighted(weights, 3, false)
	const epochs = 40_000
	orders := make(map[string]float64)
	for epoch := range epochs {
		orders[fmt.Sprint(slices.Collect(s.Indices(4, 5, epoch)))]++
	}
	for order, want := range map[string]float64{
		"[0 2 3]": 1. / 8 * 2 / 7, "[0 3 2]": 1. / 8 * 5 / 7,
		"[2 0 3]": 2. / 8 * 1 / 6, "[2 3 0]": 2. / 8 * 5 / 6,
		"[3 0 2]": 5. / 8 * 1 / 3, "[3 2 0]": 5. / 8 * 2 / 3,
	} {
		if off := math.Abs(orders[order] - want*epochs); off > 5*math.Sqrt(want*epochs) {
			t.Errorf("%s comes %v times instead of %.0f", order, orders[order], want*epochs)
		}
		delete(orders, order)
	}
	if len(orders) > 0 {
		t.Errorf("there is %v besides", orders)
	}
}

// Weights of any size can be used: their sum does not overflow, and every sample with a weight above 0 can be drawn.
func TestWeightsOfAnySize(t *testing.T) {
	many := slices.Repeat([]float64{math.MaxFloat64}, 1000)
	for _, weights := range [][]float64{
		{math.MaxFloat64, math.MaxFloat64, math.SmallestNonzeroFloat64},
		{math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64},
		{math.MaxFloat64},
		{1, 1e-18, 1e-19, 1e-300},
		append(many, 0, 1),
	} {
		some := 0
		for _, weight := range weights {
			if weight > 0 {
				some++
			}
		}
		s := Weighted(weights, some, false)
		if err := s.(foreseen).check(len(weights)); err != nil {
			t.Fatal(err)
		}
		if total := s.(*weighted).total; total < 1<<61 || total > 1<<62+uint64(len(weights)) {
			t.Errorf("%v: they add up to %d", weights[:1], total)
		}
		for epoch := range 10 {
			got := slices.Sorted(s.Indices(len(weights), 1, epoch))
			if len(slices.Compact(got)) != some {
				t.Errorf("%v of %d came", got, some)
			}
		}
	}
}
