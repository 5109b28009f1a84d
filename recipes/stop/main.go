// Stop works until it is told to stop, and ends what it has begun.
package main

import (
	"cmp"
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
	life := context.WithoutCancel(ctx)
	workers, err := mp.NewPool(life, nil)
	if err != nil {
		return err
	}
	defer workers.Close()

	calls := make(chan *mp.Future[int], 100) // a list of all calls would grow for as long as the program runs
	failed := make(chan error, 1)
	go func() {
		var first error
		for call := range calls {
			_, err := call.Wait(life)
			first = cmp.Or(first, err)
		}
		failed <- first
	}()
	fmt.Println("working")
	for n := 0; ctx.Err() == nil; n++ {
		calls <- mp.Submit(life, workers, Work, n)
		time.Sleep(10 * time.Millisecond)
	}
	close(calls)

	fmt.Println("stopping:", context.Cause(ctx))
	limit, cancel := context.WithTimeout(life, 8*time.Second) // docker stop kills after ten
	defer cancel()
	if err := workers.Shutdown(limit); err != nil { // all that was submitted ends
		return err
	}
	if err := <-failed; err != nil {
		return err
	}
	fmt.Println("all that was begun is done")
	return nil
}
