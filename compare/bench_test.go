package compare

import (
	"context"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/compare/job"
)

// round is about a millisecond of job.Work.
const round = 500_000

func each(b *testing.B, f func(b *testing.B, start func() way)) {
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			guest(b) // compiled before the clock runs
			f(b, func() way {
				made, err := w.make(b, context.Background())
				if err != nil {
					b.Fatal(err)
				}
				return made
			})
		})
	}
}

func call(b *testing.B, w way, kind job.Kind, n int) {
	if _, err := w.Call(context.Background(), kind, n); err != nil {
		b.Error(err)
	}
}

// From nothing to the first answer.
func BenchmarkFirst(b *testing.B) {
	each(b, func(b *testing.B, start func() way) {
		for range b.N {
			w := start()
			call(b, w, job.Square, 7)
			b.StopTimer()
			w.Close()
			b.StartTimer()
		}
	})
}

// One call after the other, of a function that does nothing.
func BenchmarkCall(b *testing.B) {
	each(b, func(b *testing.B, start func() way) {
		w := start()
		defer w.Close()
		call(b, w, job.Square, 7)
		for b.Loop() {
			call(b, w, job.Square, 7)
		}
	})
}

// Calls of about a millisecond, two at a time: the time of each.
func BenchmarkWork(b *testing.B) {
	each(b, func(b *testing.B, start func() way) {
		w := start()
		defer w.Close()
		call(b, w, job.Work, round)
		b.ResetTimer()
		var wg sync.WaitGroup
		for i := range workers {
			wg.Go(func() {
				for n := i; n < b.N; n += workers {
					call(b, w, job.Work, round)
				}
			})
		}
		wg.Wait()
	})
}

// What it costs that an endless guest can be ended.
func BenchmarkEndable(b *testing.B) {
	for name, endable := range map[string]bool{"can be ended": true, "cannot": false} {
		b.Run(name, func(b *testing.B) {
			w, err := newWasm(context.Background(), guest(b), endable)
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close()
			for b.Loop() {
				call(b, w, job.Work, round)
			}
		})
	}
}
