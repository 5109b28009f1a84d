package pool_test

import (
	"slices"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// 200 workers do 1,000 tasks. PY-POOL-24
func TestManyWorkers(t *testing.T) {
	workers := 200
	if prog.Wine() {
		workers = 8 // a worker takes thirty times as long to come up there
	}
	p := newPool(t, &mp.PoolOptions{Workers: workers})
	got, err := mp.Map(t.Context(), p, Square, numbers(1000))
	sum := 0
	for _, n := range got {
		sum += n
	}
	if sum != 332_833_500 || err != nil || len(p.Stats().Workers) != workers {
		t.Errorf("the sum is %d: %v; %d workers", sum, err, len(p.Stats().Workers))
	}
	sum = 0
	for n, err := range mp.IMapUnordered(t.Context(), p, Square, slices.Values(numbers(1000))) {
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if sum != 332_833_500 {
		t.Errorf("the sum is %d", sum)
	}
}
