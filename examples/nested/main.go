// Nested has a pool inside each worker of a pool. It counts primes in ranges: a worker of the outer pool divides its range
// among the workers of its inner pool.
package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// span is the numbers n with From ≤ n < To.
type span struct{ From, To int }

// halves divides a span in two.
func (s span) halves() []span {
	middle := (s.From + s.To) / 2
	return []span{{s.From, middle}, {middle, s.To}}
}

// tally is how many primes a process has found, by itself or by the workers of its pool.
type tally struct {
	Process string
	Span    span
	Primes  int
	Helpers []tally
}

var (
	// Count runs in the workers of the inner pools.
	Count = mp.Register("nested.count", func(_ context.Context, s span) (tally, error) {
		t := tally{Process: mp.CurrentProcess().Name, Span: s}
		for n := s.From; n < s.To; n++ {
			if prime(n) {
				t.Primes++
			}
		}
		return t, nil
	})
	// Divide runs in the workers of the outer pool. It divides a span among the workers of the inner pool.
	Divide = mp.Register("nested.divide", func(ctx context.Context, s span) (tally, error) {
		t := tally{Process: mp.CurrentProcess().Name, Span: s}
		var err error
		t.Helpers, err = mp.Map(ctx, inner, Count, s.halves(), mp.ChunkSize(1))
		for _, h := range t.Helpers {
			t.Primes += h.Primes
		}
		return t, err
	})
	// Hire runs once in each worker of the outer pool. It starts the worker's inner pool.
	Hire = mp.RegisterInit("nested.hire", hire)
)

// inner is the pool of a worker of the outer pool. It ends with that worker, even when the worker is killed.
var inner *mp.Pool

func hire(_ context.Context, workers int) (err error) {
	inner, err = mp.NewPool(context.Background(), &mp.PoolOptions{Workers: workers})
	return err
}

func prime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return n > 1
}

func main() { mp.Main(run) }

func run() error {
	ctx := context.Background()
	began := time.Now()
	outer, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2, Init: Hire.With(2)})
	if err != nil {
		return err
	}
	defer outer.Close()
	fmt.Printf("2 workers with 2 workers each, ready in %v\n", time.Since(began).Round(time.Millisecond))

	const most, spans = 400_000, 4
	var items []span
	for i := range spans {
		items = append(items, span{i * most / spans, (i + 1) * most / spans})
	}
	total := 0
	for t, err := range mp.IMap(ctx, outer, Divide, slices.Values(items)) {
		if err != nil {
			return err
		}
		show(t, "")
		total += t.Primes
	}
	fmt.Printf("%d primes below %d\n", total, most)
	return nil
}

// show prints which process has counted what.
func show(t tally, indent string) {
	fmt.Printf("%s%s: %d primes from %d to %d\n", indent, t.Process, t.Primes, t.Span.From, t.Span.To)
	for _, h := range t.Helpers {
		show(h, indent+"  ")
	}
}
