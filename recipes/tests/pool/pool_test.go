package pool

import (
	"context"
	"slices"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

func TestMain(m *testing.M) { mp.TestMain(m) }

func TestSquares(t *testing.T) {
	workers := newPool(t)
	squares, err := mp.Map(t.Context(), workers, Square, []int{1, 2, 3})
	if !slices.Equal(squares, []int{1, 4, 9}) || err != nil {
		t.Error(squares, err)
	}
}

// newPool starts a pool that ends with the test. What went wrong in a worker after its work fails the test.
func newPool(t *testing.T) *mp.Pool {
	t.Helper()
	workers, err := mp.NewPool(context.Background(), &mp.PoolOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := workers.Close(); err != nil {
			t.Error(err)
		}
	})
	return workers
}
