package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

// taskTime is how long two workers need for the tasks of a case, so that all rows take about as long.
const taskTime = 600 * time.Millisecond

// Tasks that compute for a while, beside as many goroutines that do the same. The first rows show how the cost of handing
// out a task shrinks in comparison as the task gets longer.
func taskRows() (rows []measure.Row) {
	for _, d := range []time.Duration{0, time.Microsecond, 10 * time.Microsecond, 100 * time.Microsecond, time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond} {
		row := taskRow("tasks/"+short(d), fmt.Sprintf("Map of tasks of %v", d), d, spins, func(turns int) int { return turns })
		if d == 10*time.Microsecond {
			row.Goal = measure.TimesAtLeast(0.85)
		}
		rows = append(rows, row)
	}
	for _, t := range []struct {
		d    time.Duration
		size int
	}{{time.Millisecond, 100_000}, {10 * time.Millisecond, 1_000_000}, {50 * time.Millisecond, 5_000_000}} {
		payload := fmt.Sprintf("%g MB", float64(t.size)/1e6)
		floats := taskRow("tasks/"+short(t.d)+"-float32", fmt.Sprintf("Map of tasks of %v with %s of float32", t.d, payload), t.d, onF32,
			func(turns int) Floats { return Floats{turns, make([]float32, t.size/4)} })
		raw := taskRow("tasks/"+short(t.d)+"-bytes", fmt.Sprintf("Map of tasks of %v with %s of bytes", t.d, payload), t.d, onRaw,
			func(turns int) Raw { return Raw{turns, ones(t.size)} })
		floats.Goal, raw.Goal = measure.TimesAtLeast(0.97), measure.TimesAtLeast(0.97)
		rows = append(rows, floats, raw)
	}
	nested := taskRow("tasks/nested", "Map of tasks of 100 µs with nested structs and maps, 1 KB", 100*time.Microsecond, onRec, order)
	nested.Goal = measure.TimesAtLeast(0.6)
	return append(rows, nested)
}

// short is a duration as a part of a name, without µ, which few keyboards have.
func short(d time.Duration) string {
	if d < time.Millisecond {
		return fmt.Sprintf("%dus", d.Microseconds())
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// taskRow is a row of tasks that take d each. All tasks of a case have the same argument: none writes to it.
func taskRow[A, R any](name, about string, d time.Duration, fn *mp.Func[A, R], argument func(turns int) A) measure.Row {
	n := some
	if d > 0 {
		n = max(2*workers, min(some, int(taskTime*workers/d)))
	}
	items := func(n int) ([]A, error) {
		t, err := turns(d)
		if err != nil {
			return nil, err
		}
		items, a := make([]A, n), argument(t)
		for i := range items {
			items[i] = a
		}
		return items, nil
	}
	return measure.Row{
		Name: name, About: about, Unit: measure.PerSecond, Anchor: goroutines,
		Cases: append(inPool(func(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
			all, err := items(m.Count(n))
			if err != nil {
				return err
			}
			return m.All(n, func(n int) error { _, err := mp.Map(ctx, p, fn, all[:n]); return err })
		}), measure.Case{Name: goroutines, Measure: func(ctx context.Context, m *measure.Meter) error {
			all, err := items(m.Count(n))
			if err != nil {
				return err
			}
			return m.All(n, func(n int) error {
				crew(workers, all[:n], func(a A) R { r, _ := fn.Call(ctx, a); return r })
				return nil
			})
		}}),
	}
}
