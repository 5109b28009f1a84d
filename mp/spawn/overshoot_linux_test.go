package spawn_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// EatHuge takes memory as fast as the system can give it: huge pages, on every processor. No test uses it, because few systems give
// huge pages.
var EatHuge = mp.Register("eat-huge", func(_ context.Context, size int64) (int, error) {
	var all sync.WaitGroup
	for range runtime.NumCPU() {
		all.Go(func() {
			const piece = 64 * mebibyte
			for sum := int64(0); sum < size; sum += piece {
				b, err := syscall.Mmap(-1, 0, piece, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
				if err != nil {
					return
				}
				syscall.Madvise(b, syscall.MADV_HUGEPAGE)
				touch(b)
			}
		})
	}
	all.Wait()
	return 0, nil
})

// BenchmarkOvershoot measures by how much a child was beyond its limit when it was killed. docs/LIMITS.md has the
// figures; -benchtime=20x makes some of your own.
func BenchmarkOvershoot(b *testing.B) {
	for _, by := range []string{spawn.BySampling, spawn.ByCgroup} {
		for _, eater := range []struct {
			name string
			eat  *mp.Func[int64, int]
		}{{"heap", EatHeap}, {"mapped", EatMapped}, {"huge", EatHuge}} {
			for _, limit := range []int64{64, 256, 1024} {
				b.Run(fmt.Sprintf("%s/%s/%dMiB", by, eater.name, limit), func(b *testing.B) {
					if by == spawn.BySampling {
						spawn.WithoutCgroups(b)
					}
					var over []int64
					for b.Loop() {
						p, err := mp.Start(b.Context(), eater.eat, 4<<30, &mp.ProcessOptions{Limits: mp.Limits{Memory: limit * mebibyte}})
						if err != nil {
							b.Fatal(err)
						}
						if p.Limits().MemoryBy != by {
							b.Skip("no cgroup can be had here")
						}
						_, err = p.Result(b.Context())
						var exit *mp.ExitError
						if !errors.As(err, &exit) || exit.Cause != mp.CauseOOM {
							b.Fatal(err)
						}
						over = append(over, exit.PeakRSS-limit*mebibyte)
					}
					slices.Sort(over)
					b.ReportMetric(float64(over[len(over)/2])/mebibyte, "median-MiB-over")
					b.ReportMetric(float64(over[len(over)-1])/mebibyte, "worst-MiB-over")
				})
			}
		}
	}
}
