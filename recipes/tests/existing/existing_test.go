package existing

import (
	"context"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var setUps, tearDowns int

func setUp()    { setUps++ }
func tearDown() { tearDowns++ }

// region main
func TestMain(m *testing.M) { mp.TestMain(suite{m}) }

type suite struct{ *testing.M }

func (s suite) Run() int {
	setUp()
	code := s.M.Run()
	tearDown()
	return code
}

// endregion

var SetUps = mp.Register("set-ups", func(context.Context, int) (int, error) { return setUps, nil })

func TestOnce(t *testing.T) {
	p, err := mp.Start(t.Context(), SetUps, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := p.Result(t.Context()); n != 0 || err != nil || setUps != 1 {
		t.Errorf("set up %d times in a child, %d here; %v", n, setUps, err)
	}
}
