package spawn_test

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

type tests struct{ *testing.M }

func (t tests) Run() int {
	defer prog.Cleanup()
	return t.M.Run()
}

func TestMain(m *testing.M) { mp.TestMain(tests{m}) }
