//go:build linux

package process_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// Programs of their own measure the figures of this file, because the children of a test binary would be test binaries, too.
// A benchmark reports what its program prints. The time of an operation is that of a whole measurement and says nothing.

func BenchmarkStartJoin(b *testing.B) {
	b.Setenv("CGO_ENABLED", "0")
	os.Setenv("EMPTY", prog.Build(b, "./testdata/empty"))
	figures(b, "./testdata/startjoin")
}

// BenchmarkSpare reports the time from Start until the function runs, and until Start returns, with a spare and without.
func BenchmarkSpare(b *testing.B) { figures(b, "./testdata/spares") }

func BenchmarkColdPool(b *testing.B)        { figures(b, "./testdata/bench", "pool") }
func BenchmarkIdleWorker(b *testing.B)      { figures(b, "./testdata/bench", "memory") }
func BenchmarkOrphans(b *testing.B)         { figures(b, "./testdata/bench", "orphans") }
func BenchmarkHundredChildren(b *testing.B) { figures(b, "./testdata/bench", "hundred") }

func figures(b *testing.B, program string, args ...string) {
	path := prog.Build(b, program)
	b.ResetTimer()
	var r prog.Result
	for b.Loop() {
		if r = prog.Run(b, path, nil, args...); r.Code != 0 {
			b.Fatal(r.Stderr)
		}
	}
	b.ReportMetric(0, "ns/op")
	for line := range strings.Lines(r.Stdout) {
		var value float64
		var unit string
		if _, err := fmt.Sscan(line, &value, &unit); err != nil {
			b.Fatalf("%q: %v", line, err)
		}
		b.ReportMetric(value, unit)
	}
}
