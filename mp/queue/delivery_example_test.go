package queue_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

var Handle = mp.Register("example.handle", func(ctx context.Context, q *queue.AcknowledgedQueue[string]) (aside []string, err error) {
	for d, err := range q.All(ctx) {
		switch {
		case err != nil:
			return aside, err
		case d.Redelivered == 2: // it has killed two processes
			aside = append(aside, d.Value)
		case d.Value == "poison":
			os.Exit(1) // or a fault in a C library, or an OOM kill
		}
		if err := d.Ack(); err != nil {
			return aside, err
		}
	}
	return aside, nil
})

// The item in the hands of a process that dies comes back to the queue. Redelivered counts how often it did, so an item that
// kills every consumer can be put aside.
func ExampleAcknowledgedQueue() {
	ctx := context.Background()
	q, err := queue.NewAcknowledged[string](0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, item := range []string{"bread", "poison", "wine"} {
		q.Put(ctx, item)
	}
	q.Close() // no more items come
	for crashes := 0; ; crashes++ {
		p, err := mp.Start(ctx, Handle, q, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		aside, err := p.Result(ctx)
		if crash := (*mp.ExitError)(nil); errors.As(err, &crash) {
			continue // the next process gets the item that this one had
		}
		fmt.Println(aside, err, "after", crashes, "crashes")
		return
	}
	// Output: [poison] <nil> after 2 crashes
}
