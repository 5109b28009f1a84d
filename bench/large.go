package main

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

// Large arguments and results. Their receiver reads a byte of each page.
func largeRows() (rows []measure.Row) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"64KiB", 64 << 10}, {"1MiB", 1 << 20}, {"16MiB", 16 << 20}, {"64MiB", 64 << 20}} {
		n := size.bytes
		times := max(8, min(4000, 1<<30/n))
		rows = append(rows, measure.Row{
			Name: "large/" + size.name, About: fmt.Sprintf("calls with an argument of %s, or a result of that size, one after the other", size.name),
			Unit: measure.BytesPerSecond, Anchor: pipe,
			Cases: append(append(named(", arguments", inPool(arguments(times, n))), named(", results", inPool(results(times, n)))...),
				oneWay(pipe, pipes, times, n),
				oneWay("Go: socketpair, two processes", sockets, times, n),
				copying(times, n),
				inC("memcpy", "memcpy", times, n),
				inPlugin("net/rpc, arguments", "large-rpc", max(8, times/8), n),
				inPython("Pool.apply, arguments", "large-pool", max(8, times/8), n),
				inPython("Pipe, send_bytes", "large-pipe", max(8, times/4), n),
				inNode("worker_threads, copied", "node", "large-thread", max(8, times/8), n),
			),
		})
	}
	return rows
}

func named(suffix string, cases []measure.Case) []measure.Case {
	for i := range cases {
		cases[i].Name += suffix
		if cases[i].Rival != "" {
			cases[i].Rival += suffix
		}
	}
	return cases
}

func arguments(times, n int) func(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
	return func(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
		b := ones(m.Size(n))
		want := touch(b)
		m.Payload(len(b))
		return m.All(times, func(times int) error {
			for range times {
				if sum, err := mp.Apply(ctx, p, take, b); err != nil || sum != want {
					return fmt.Errorf("the worker has seen %d, not %d, %w", sum, want, err)
				}
			}
			return nil
		})
	}
}

func results(times, n int) func(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
	return func(ctx context.Context, m *measure.Meter, p *mp.Pool) error {
		n := m.Size(n)
		want := touch(ones(n))
		m.Payload(n)
		return m.All(times, func(times int) error {
			for range times {
				if b, err := mp.Apply(ctx, p, give, n); err != nil || touch(b) != want {
					return fmt.Errorf("%d bytes have come, %w", len(b), err)
				}
			}
			return nil
		})
	}
}

// copying is a case in which one goroutine copies the bytes and reads one of each page.
func copying(times, n int) measure.Case {
	return measure.Case{Name: "Go: copy", Measure: func(_ context.Context, m *measure.Meter) error {
		from := ones(m.Size(n))
		to := make([]byte, len(from))
		m.Payload(len(from))
		return m.All(times, func(times int) error {
			for range times {
				copy(to, from)
				if touch(to) == 0 {
					return fmt.Errorf("nothing was copied")
				}
			}
			return nil
		})
	}}
}
