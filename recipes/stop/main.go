// Stop works until it is told to stop, and ends what it has begun.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Work = mp.Register("work", func(_ context.Context, n int) (int, error) {
	time.Sleep(10 * time.Millisecond)
	return n, nil
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	// Not ctx: it ends at the signal, and the workers would end with it, in the middle of what they do.
	workers, err := mp.NewPool(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	defer workers.Close()
	fmt.Println("working")
	var calls []*mp.Future[int]
	for n := 0; ctx.Err() == nil; n++ {
		calls = append(calls, mp.Submit(context.WithoutCancel(ctx), workers, Work, n))
		time.Sleep(10 * time.Millisecond)
	}

	fmt.Println("stopping:", context.Cause(ctx))
	limit, cancel := context.WithTimeout(context.Background(), 8*time.Second) // docker stop kills after ten
	defer cancel()
	if err := workers.Shutdown(limit); err != nil { // all that was submitted ends
		return err
	}
	for _, call := range calls {
		if _, err := call.Wait(limit); err != nil {
			return err
		}
	}
	fmt.Println("all that was begun is done")
	return nil
}
