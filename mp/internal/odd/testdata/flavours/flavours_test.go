package flavours

import (
	"context"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

var Double = mp.Register("double", double)

func inChild(t *testing.T, n int) {
	p, err := mp.Start(context.Background(), Double, n, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.Result(context.Background()); err != nil || got != 2*n {
		t.Fatal(got, err)
	}
}

func TestStart(t *testing.T) { inChild(t, 7) }

func TestPool(t *testing.T) {
	pool, err := mp.NewPool(context.Background(), &mp.PoolOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	got, err := mp.Map(context.Background(), pool, Double, []int{1, 2, 3})
	if err != nil || len(got) != 3 || got[2] != 6 {
		t.Fatal(got, err)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
}

// The workers of a fuzzer are processes of the test binary too.
func FuzzStart(f *testing.F) {
	f.Add(1)
	f.Fuzz(inChild)
}
