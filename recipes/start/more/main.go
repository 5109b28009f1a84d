package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	return map[string]func(context.Context) error{"pool": many, "crash": crash}[os.Args[1]](ctx)
}

// region pool
var Divide = mp.Register("divide", func(_ context.Context, n int) (int, error) {
	if n == 0 {
		os.Exit(1) // as a library in C would, that does not like its input
	}
	return 100 / n, nil
})

func many(ctx context.Context) error {
	workers, err := mp.NewPool(ctx, nil) // as many workers as processors
	if err != nil {
		return err
	}
	defer workers.Close()
	fmt.Println(mp.Map(ctx, workers, Divide, []int{1, 2, 5}))
	return nil
}

// endregion

func crash(ctx context.Context) error {
	workers, err := mp.NewPool(ctx, nil)
	if err != nil {
		return err
	}
	defer workers.Close()
	// region crash
	quotients, err := mp.Map(ctx, workers, Divide, []int{1, 0, 5}, mp.KeepGoing())
	fmt.Println(quotients)
	fmt.Println(err)
	if exit, ok := errors.AsType[*mp.ExitError](err); ok {
		fmt.Println("item", exit.Index, "of", exit.Func, "has ended its worker:", exit.Cause, exit.ExitCode)
	}
	// endregion
	return nil
}
