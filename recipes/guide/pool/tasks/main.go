// Tasks is what one does with a pool.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/pool"
)

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	if os.Args[1] == "init" {
		return initialized(ctx)
	}
	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2, KillDelay: 100 * time.Millisecond, Stderr: io.Discard})
	if err != nil {
		return err
	}
	defer workers.Close()
	return map[string]func(context.Context, *mp.Pool) error{"stream": stream, "submit": submit, "bad": bad}[os.Args[1]](ctx, workers)
}

// region work
var Work = mp.Register("work", func(_ context.Context, n int) (int, error) {
	switch n {
	case 13:
		return 0, errors.New("unlucky")
	case 99:
		os.Exit(3) // as a crash would
	case -1:
		select {} // for ever, with no look at its ctx
	}
	return n * n, nil
})

// endregion

// region stream
func stream(ctx context.Context, workers *mp.Pool) error {
	for square, err := range mp.IMap(ctx, workers, Work, numbers()) {
		if errors.Is(err, mp.ErrClosed) || errors.Is(err, pool.ErrBroken) {
			return err // the pool has ended: nothing more comes
		}
		if err != nil {
			fmt.Println(err) // of this item; the loop goes on
			continue
		}
		if square > 200 {
			break // what runs is cancelled
		}
		fmt.Println(square)
	}
	return ctx.Err() // if it has ended, the loop may have ended early
}

// numbers never ends. IMap takes a bounded number of items ahead.
func numbers() iter.Seq[int] {
	return func(yield func(int) bool) {
		for n := 10; yield(n); n++ {
		}
	}
}

// endregion

// region submit
func submit(ctx context.Context, workers *mp.Pool) error {
	three, four, endless := mp.Submit(ctx, workers, Work, 3), mp.Submit(ctx, workers, Work, 4), mp.Submit(ctx, workers, Work, -1)
	fmt.Println(mp.WaitAll(ctx, three, four)) // or AsCompleted, pool.WaitAny, OnDone

	fmt.Println(endless.Cancel())
	_, err := endless.Wait(ctx)
	fmt.Println(errors.Is(err, context.Canceled))
	return nil
}

// endregion

// region bad
func bad(ctx context.Context, workers *mp.Pool) error {
	squares, err := mp.Map(ctx, workers, Work, []int{5, 13, 99, -1, 6}, mp.KeepGoing(), mp.Timeout(200*time.Millisecond))
	fmt.Println(squares)
	fmt.Println(err)
	fmt.Println(errors.Is(err, mp.ErrTimeout))

	_, err = mp.Apply(ctx, workers, Work, 99, mp.Retries(1)) // for what may go well the second time
	fmt.Println(err)
	fmt.Println(errors.Is(err, pool.ErrQuarantined))
	return nil
}

// endregion

// region init
var (
	model map[string]int // every worker has its own

	Load = mp.RegisterInit("load", func(_ context.Context, size int) error {
		model = make(map[string]int, size)
		for n := range size {
			model[fmt.Sprint("word", n)] = n
		}
		return nil
	})
	Look = mp.Register("look", func(_ context.Context, word string) (int, error) { return model[word], nil })
)

func initialized(ctx context.Context) error {
	workers, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: 2, Init: Load.With(1000)})
	if err != nil {
		return err // also when Load fails
	}
	defer workers.Close()
	fmt.Println(mp.Map(ctx, workers, Look, []string{"word7", "word42"}))
	fmt.Println("here:", len(model))
	return nil
}

// endregion
