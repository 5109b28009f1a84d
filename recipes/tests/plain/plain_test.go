package plain

import (
	"context"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

func TestMain(m *testing.M) { mp.TestMain(m) }

func TestSquare(t *testing.T) {
	p, err := mp.Start(t.Context(), Square, 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := p.Result(t.Context()); n != 49 || err != nil {
		t.Error(n, err)
	}
}
