package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"unsafe"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

const (
	million = 1_000_000
	some    = 100_000
)

// Tasks that take no time: an int, doubled.
func tinyRows() []measure.Row {
	crewed := func(n int) measure.Case {
		return measure.Case{Name: goroutines + ", a channel", Measure: func(_ context.Context, m *measure.Meter) error {
			return m.All(n, func(n int) error { return doubled(crew(workers, numbers(n), double), nil) })
		}}
	}
	return []measure.Row{
		{
			Name: "map/chunk1", About: "Map of 100,000 ints with ChunkSize(1)",
			Unit: measure.PerSecond, Anchor: goroutines + ", a channel", Goal: measure.AtLeast(measure.PerSecond, 3e6),
			Cases: append(inPool(mapInts(some, mp.ChunkSize(1))), crewed(some),
				inPlugin("net/rpc, two connections", "many-rpc", 50_000, 0),
				inPlugin("go-plugin", "many-plugin", 50_000, 0),
				inPython("Pool.map, chunksize 1", "map1-pool", 50_000, 0),
				inPython("ProcessPoolExecutor.map, chunksize 1", "map1-executor", 5_000, 0),
				inNode("piscina, threads", "piscina", "many-piscina", 50_000, 0),
				inNode("workerpool, processes", "workerpool", "many-workerpool", 20_000, 0),
			),
		},
		{
			Name: "submit", About: "Submit of 10,000 ints, then Wait for each",
			Unit: measure.PerSecond, Anchor: goroutines + ", a channel", Goal: measure.AtLeast(measure.PerSecond, 800e3),
			Cases: append(inPool(submitMany), crewed(some),
				inPython("Pool.apply_async", "submit-pool", 10_000, 0),
				inPython("ProcessPoolExecutor.submit", "submit-executor", 5_000, 0),
			),
		},
		{
			Name: "map/auto", About: "Map of a million ints, chunks by itself",
			Unit: measure.PerSecond, Anchor: goroutines + ", halves", Goal: measure.AtLeast(measure.PerSecond, 60e6),
			Cases: append(inPool(mapInts(million)),
				measure.Case{Name: goroutines + ", halves", Measure: func(_ context.Context, m *measure.Meter) error {
					return m.All(million, func(n int) error { return doubled(halves(numbers(n)), nil) })
				}},
				inPython("Pool.map", "map-pool", million, 0),
			),
		},
		{
			Name: "map/memory", About: "by how much the parent's peak memory grows in it, its million items and results among that",
			Unit: measure.Bytes, Anchor: "the items and the results", Goal: measure.TimesAtMost(1.2),
			Cases: append(inPool(memory),
				measure.Case{Name: "the items and the results", Measure: func(_ context.Context, m *measure.Meter) error {
					m.Value(2 * float64(uintptr(m.Count(million))*unsafe.Sizeof(0)))
					return nil
				}},
			),
		},
		{
			Name: "imap", About: "IMap of 100,000 ints from an iterator",
			Unit: measure.PerSecond, Anchor: goroutines + ", a channel",
			Cases: append(inPool(iterate(mp.IMap[int, int])),
				withPool("mp, IMapUnordered", mp.PoolOptions{Workers: workers}, iterate(mp.IMapUnordered[int, int])),
				crewed(some),
				inPython("Pool.imap, chunksize 1", "imap-pool", 50_000, 0),
			),
		},
	}
}

func numbers(n int) []int {
	xs := make([]int, n)
	for i := range xs {
		xs[i] = i
	}
	return xs
}

func double(n int) int { return 2 * n }

// doubled returns an error if a result is not twice its index; otherwise err.
func doubled(results []int, err error) error {
	for i, r := range results {
		if r != 2*i {
			return fmt.Errorf("result %d is %d", i, r)
		}
	}
	return err
}

func mapInts(n int, opts ...mp.CallOption) func(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
	return func(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
		return m.All(n, func(n int) error { return doubled(mp.Map(ctx, p, twice, numbers(n), opts...)) })
	}
}

func submitMany(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
	const outstanding = 10_000
	futures := make([]*mp.Future[int], outstanding)
	return m.All(some, func(n int) error {
		for n > 0 {
			now := futures[:min(n, outstanding)]
			for i := range now {
				now[i] = mp.Submit(ctx, p, twice, i)
			}
			for i, f := range now {
				if r, err := f.Wait(ctx); err != nil || r != 2*i {
					return fmt.Errorf("result %d is %d, %w", i, r, err)
				}
			}
			n -= len(now)
		}
		return nil
	})
}

func iterate(imap func(context.Context, *mp.Pool, *mp.Func[int, int], iter.Seq[int], ...mp.CallOption) iter.Seq2[int, error]) func(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
	return func(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
		return m.All(some, func(n int) error {
			sum := 0
			for r, err := range imap(ctx, p, twice, slices.Values(numbers(n))) {
				if err != nil {
					return err
				}
				sum += r
			}
			if sum != n*(n-1) {
				return errors.New("results are missing")
			}
			return nil
		})
	}
}

// halves is the fastest way to do it in two goroutines: each doubles half of the items.
func halves(items []int) []int {
	results := make([]int, len(items))
	middle := len(items) / 2
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i, n := range items[:middle] {
			results[i] = double(n)
		}
	}()
	for i, n := range items[middle:] {
		results[middle+i] = double(n)
	}
	<-done
	return results
}

// memory measures the second of two Maps: the first fills the memory that the pool keeps.
func memory(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
	if err := doubled(mp.Map(ctx, p, twice, numbers(m.Count(some)))); err != nil {
		return err
	}
	debug.FreeOSMemory()
	if err := measure.ForgetPeak(); err != nil {
		return err
	}
	before := measure.RSS()
	if err := doubled(mp.Map(ctx, p, twice, numbers(m.Count(million)))); err != nil {
		return err
	}
	m.Value(float64(measure.PeakRSS() - before))
	return nil
}
