package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Divide = mp.Register("divide", func(_ context.Context, n int) (int, error) {
	if n == 0 {
		os.Exit(1) // as a library in C would, that does not like its input
	}
	return 100 / n, nil
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	workers, err := mp.NewPool(ctx, nil) // as many workers as processors
	if err != nil {
		return err
	}
	defer workers.Close()
	quotients, err := mp.Map(ctx, workers, Divide, []int{1, 2, 5})
	if err != nil {
		return err
	}
	fmt.Println(quotients)

	quotients, err = mp.Map(ctx, workers, Divide, []int{1, 0, 5}, mp.KeepGoing())
	fmt.Println(quotients)
	fmt.Println(err)
	if exit, ok := errors.AsType[*mp.ExitError](err); ok {
		fmt.Println("item", exit.Index, "of", exit.Func, "has ended its worker:", exit.Cause, exit.ExitCode)
	}
	return nil
}
