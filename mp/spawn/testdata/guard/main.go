// Guard starts processes, or tries to, where MP_TEST_WHERE says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

var (
	where = os.Getenv("MP_TEST_WHERE")
	_     = counted()
)

func counted() bool {
	prog.CountStart()
	return true
}

var Hello = mp.Register("hello", func(context.Context, int) (string, error) { return "hello from the child", nil })

var _ = at("package variable")

func init() {
	at("init")
	if mp.ParentProcess() == nil && os.Getenv("MP_TEST_CHILD") != "" {
		at("init of a child")
	}
}

func main() {
	switch where {
	case "main", "pool":
		at("main")
		at("pool")
	case "conditional":
		if os.Getenv("MP_TEST_CHILD") != "" {
			return // a child whose main does not reach mp.Main
		}
		mp.Main(run)
	default:
		mp.Main(run)
	}
}

func run() error {
	os.Setenv("MP_TEST_CHILD", "1")
	if where == "register" {
		mp.Register("late", func(context.Context, int) (int, error) { return 0, nil })
	}
	if where == "main twice" {
		mp.Main(run)
	}
	start()
	return nil
}

// at starts a process if this is the place.
func at(place string) bool {
	if where == place {
		start()
	}
	return true
}

func start() {
	var err error
	if where == "pool" {
		_, err = mp.NewPool(context.Background(), nil)
	} else {
		var p *mp.Process[string]
		if p, err = mp.Start(context.Background(), Hello, 0, nil); err == nil {
			var s string
			s, err = p.Result(context.Background())
			fmt.Println(s)
		}
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "guarded: %v\n%v\n", errors.Is(err, mp.ErrBootstrapping), err)
		os.Exit(1)
	}
}
