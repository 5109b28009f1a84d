package dataloader

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A program that takes batches of 4 MB without View collects garbage about once per ten of them, thanks to the loader's ballast.
// With a low memory limit there is no ballast, and it collects more often.
func TestKeptBatchesAreCollectedSeldom(t *testing.T) {
	leak.Check(t)
	for name, test := range map[string]struct {
		limit  int64
		seldom bool
	}{
		"enough memory": {-1, true},
		"a limit":       {1 << 30, false},
	} {
		t.Run(name, func(t *testing.T) {
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(test.limit))
			const size, batches = 40, 100
			l, err := NewBatched(t.Context(), openBlocks.With(size*batches), &Options{BatchSize: size, Workers: 2})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b, err := range l.Epoch(t.Context()) {
				if err != nil || len(b) != size*block {
					t.Fatal(len(b), err)
				}
			}
			runtime.ReadMemStats(&after)
			if n := after.NumGC - before.NumGC; (n < 20) != test.seldom {
				t.Errorf("%d collections", n)
			}
		})
	}
}
