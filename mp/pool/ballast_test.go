package pool_test

import (
	"context"
	"runtime"
	"slices"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// collections returns how often its worker has collected garbage.
var collections = mp.Register("pool_test.collections", func(_ context.Context, _ []byte) (uint32, error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.NumGC, nil
})

// A worker that gets 64 MB in large arguments collects garbage every 9 MB, not every 3 MB. One with a memory limit collects
// every 3 MB.
func TestLargeArgumentsAreCollectedSeldom(t *testing.T) {
	args := slices.Repeat([][]byte{make([]byte, 1<<20)}, 64)
	for name, test := range map[string]struct {
		limits mp.Limits
		seldom bool
	}{
		"enough memory": {mp.Limits{}, true},
		"a limit":       {mp.Limits{Memory: 256 << 20}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPool(t, &mp.PoolOptions{Workers: 1, Limits: test.limits})
			got, err := mp.Map(t.Context(), p, collections, args)
			if err != nil {
				t.Fatal(err)
			}
			if n := got[len(got)-1]; (n < 14) != test.seldom {
				t.Errorf("%d collections", n)
			}
		})
	}
}
