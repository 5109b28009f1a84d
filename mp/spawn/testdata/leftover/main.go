// Program leftover ends its "tests" with a process or a pool left running, as MP_TEST_LEFT says.
package main

import (
	"context"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Sleep = mp.Register("sleep", func(ctx context.Context, _ int) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
})

type suite struct{}

func (suite) Run() int {
	var err error
	switch os.Getenv("MP_TEST_LEFT") {
	case "process":
		_, err = mp.Start(context.Background(), Sleep, 0, nil)
	case "pool":
		_, err = mp.NewPool(context.Background(), &mp.PoolOptions{Workers: 2})
	}
	if err != nil {
		panic(err)
	}
	return 0
}

func main() { mp.TestMain(suite{}) }
