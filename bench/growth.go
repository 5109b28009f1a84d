package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

// How the cost grows with the number of workers, the payload, and the size of the program. Ratios are to the first case.
// How it grows with the time of tasks is in the rows tasks/….
func growthRows() []measure.Row {
	return []measure.Row{
		byWorkers("growth/workers-start", "start a pool of so many workers, and close it", measure.Seconds, startPool),
		byWorkers("growth/workers-apply", "Apply of 64 bytes in a pool of so many workers", measure.Seconds, func(workers int) measure.Case {
			return withPool("", mp.PoolOptions{Workers: workers}, apply(message))
		}),
		byWorkers("growth/workers-map", "Map of 100,000 ints with ChunkSize(1) in a pool of so many workers", measure.PerSecond, func(workers int) measure.Case {
			return withPool("", mp.PoolOptions{Workers: workers}, mapInts(some, mp.ChunkSize(1)))
		}),
		byPayload(),
		byBinary(),
	}
}

func byWorkers(name, about string, u measure.Unit, make func(workers int) measure.Case) measure.Row {
	row := measure.Row{Name: name, About: about, Unit: u}
	for _, n := range []int{1, 2, 4, 8, 16} {
		c := make(n)
		c.Name = fmt.Sprintf("%d workers", n)
		row.Cases = append(row.Cases, c)
	}
	row.Anchor = row.Cases[0].Name
	return row
}

func startPool(workers int) measure.Case {
	return measure.Case{Measure: func(ctx context.Context, m *measure.Meter) error {
		return m.Timed(10, func() (time.Duration, error) {
			began := time.Now()
			p, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: workers})
			if err != nil {
				return 0, err
			}
			err = p.Close()
			return time.Since(began), err
		})
	}}
}

func byPayload() measure.Row {
	row := measure.Row{
		Name: "growth/payload", About: "Apply of a function that returns its argument of so many bytes", Unit: measure.Seconds,
		Anchor: "0 B",
	}
	for _, n := range []int{0, 64, 1 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20} {
		c := withPool(size(n), mp.PoolOptions{Workers: workers}, apply(n))
		row.Cases = append(row.Cases, c)
	}
	return row
}

func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

func byBinary() measure.Row {
	row := measure.Row{Name: "growth/binary", About: "start and join a process with an empty function, by what is added to a small program", Unit: measure.Seconds}
	for _, b := range []struct{ name, build string }{{"0 MiB", "start"}, {"16 MiB", "start16"}, {"60 MiB", "start60"}} {
		row.Cases = append(row.Cases,
			inSmall("mp, "+b.name, b.build, "processes", 20),
			inSmall("os/exec, "+b.name, b.build, "programs", 20))
	}
	row.Anchor = row.Cases[0].Name
	return row
}
