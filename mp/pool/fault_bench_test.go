package pool_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

// The figures of docs/RELIABILITY.md. Each is measured b.N times and reported by its median and its 99th percentile.

// span collects durations.
type span []time.Duration

func (s *span) since(begin time.Time) { *s = append(*s, time.Since(begin)) }

func (s span) report(b *testing.B, name string) {
	slices.Sort(s)
	b.ReportMetric(ms(s[len(s)/2]), name+"-p50-ms")
	b.ReportMetric(ms(s[len(s)*99/100]), name+"-p99-ms")
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// BenchmarkKill kills a worker while it runs an item. It measures the time from the kill to the typed error of the call, and
// to the pool at its full size, and counts how many of the items beside that one are lost.
func BenchmarkKill(b *testing.B) { benchmarkKill(b, 0) }

// BenchmarkKillWithSpares is BenchmarkKill for a pool with spares.
func BenchmarkKillWithSpares(b *testing.B) { benchmarkKill(b, 2) }

func benchmarkKill(b *testing.B, spares int) {
	started := make(chan time.Time, 1000)
	p := newPool(b, &mp.PoolOptions{Workers: 2, Spares: spares, OnEvent: func(e pool.Event) {
		if e.Kind == pool.EventStarted {
			started <- e.Time
		}
	}})
	<-started
	<-started
	var toError, toFull span
	lost := 0
	for b.Loop() {
		victim := mp.Submit(b.Context(), p, Do, task{1, "wait"})
		var pid int
		for pid == 0 {
			for _, w := range p.Stats().Workers {
				if w.Task == "do" {
					pid = w.Pid
				}
			}
			runtime.Gosched()
		}
		innocent := mp.Submit(b.Context(), p, Slow, time.Millisecond)
		begin := time.Now()
		prog.Kill(pid)
		var exit *mp.ExitError
		if _, err := victim.Wait(b.Context()); !errors.As(err, &exit) || exit.Pid != pid {
			b.Fatal(err)
		}
		toError.since(begin)
		toFull = append(toFull, (<-started).Sub(begin))
		if _, err := innocent.Wait(b.Context()); err != nil {
			lost++
		}
	}
	toError.report(b, "error")
	toFull.report(b, "full")
	b.ReportMetric(float64(lost), "innocents-lost")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCancelDeaf cancels a call that does not heed its ctx, in the only worker. It measures the time from KillDelay after
// that to the result of the next call, for which the worker must be replaced.
func BenchmarkCancelDeaf(b *testing.B) {
	const delay = 20 * time.Millisecond
	p := newPool(b, &mp.PoolOptions{Workers: 1, KillDelay: delay})
	var beyond span
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		deaf := mp.Submit(ctx, p, Do, task{1, "deaf"})
		for !p.Stats().Workers[0].Busy {
			runtime.Gosched()
		}
		next := mp.Submit(b.Context(), p, Square, 3)
		begin := time.Now().Add(delay)
		cancel()
		if _, err := next.Wait(b.Context()); err != nil {
			b.Fatal(err)
		}
		beyond.since(begin)
		if _, err := deaf.Wait(b.Context()); !errors.Is(err, context.Canceled) {
			b.Fatal(err)
		}
		for len(p.Stats().Workers) == 0 {
			runtime.Gosched()
		}
	}
	beyond.report(b, "beyond-KillDelay")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCloseQueued measures what Close takes beyond KillDelay, with 10,000 calls behind tasks that do not heed their ctx.
func BenchmarkCloseQueued(b *testing.B) {
	const delay = 20 * time.Millisecond
	var beyond span
	for b.Loop() {
		p, err := mp.NewPool(b.Context(), &mp.PoolOptions{Workers: 2, KillDelay: delay})
		if err != nil {
			b.Fatal(err)
		}
		for range 2 {
			mp.Submit(b.Context(), p, Do, task{1, "deaf"})
		}
		for slices.ContainsFunc(p.Stats().Workers, func(w pool.WorkerStats) bool { return !w.Busy }) {
			runtime.Gosched()
		}
		var last *mp.Future[int]
		for i := range 10_000 {
			last = mp.Submit(b.Context(), p, Square, i)
		}
		begin := time.Now().Add(delay)
		p.Close()
		beyond.since(begin)
		if _, err := last.Wait(b.Context()); !errors.Is(err, mp.ErrClosed) {
			b.Fatal(err)
		}
	}
	beyond.report(b, "beyond-KillDelay")
	b.ReportMetric(0, "ns/op")
}
