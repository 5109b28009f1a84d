package leaks

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"go.uber.org/goleak"
)

var Square = mp.Register("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

// region main
func TestMain(m *testing.M) { mp.TestMain(suite{m}) }

type suite struct{ *testing.M }

func (s suite) Run() int {
	code := s.M.Run()
	if err := goleak.Find(starter); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}

// starter is a goroutine that begins with the first process and never ends.
var starter = goleak.IgnoreAnyFunction("github.com/go-multiprocessing/multiprocessing/mp/popen.startProcesses")

// endregion

func TestSquares(t *testing.T) {
	defer goleak.VerifyNone(t, starter)
	workers, err := mp.NewPool(t.Context(), &mp.PoolOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer workers.Close()
	if _, err := mp.Map(t.Context(), workers, Square, []int{1, 2, 3}); err != nil {
		t.Error(err)
	}
}
