// Tasks is what one does with queues.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	tasks := map[string]func(context.Context) error{"bounded": bounded, "join": join, "acknowledged": acknowledged}
	return tasks[os.Args[1]](ctx)
}

// region bounded
func bounded(ctx context.Context) error {
	q, err := mp.NewQueue[int](2)
	if err != nil {
		return err
	}
	fmt.Println(q.TryPut(1), q.TryPut(2), q.TryPut(3))
	fmt.Println(q.Len(), "of", q.Cap())

	brief, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	fmt.Println(errors.Is(q.Put(brief, 3), context.DeadlineExceeded)) // and 3 is not in the queue

	q.Close() // what is in it can still be got
	fmt.Println(q.Put(ctx, 4))
	for n, err := range q.All(ctx) {
		fmt.Println(n, err)
	}
	_, err = q.TryGet()
	fmt.Println(err)
	return nil
}

// endregion

// region brew
var Brew = mp.Register("brew", func(ctx context.Context, q *mp.JoinableQueue[string]) (int, error) {
	for order, err := range q.All(ctx) {
		if err != nil {
			return 0, err
		}
		if order == "poison" {
			os.Exit(1) // with the order in its hands
		}
		if err := q.TaskDone(); err != nil {
			return 0, err
		}
	}
	return 0, nil
})

// endregion

func join(ctx context.Context) error {
	q, err := mp.NewJoinableQueue[string](0)
	if err != nil {
		return err
	}
	defer q.Close()
	for _, order := range []string{"tea", "poison", "coffee"} {
		if err := q.Put(ctx, order); err != nil {
			return err
		}
	}
	for range 2 {
		if _, err := mp.Start(ctx, Brew, q, &mp.ProcessOptions{Daemon: true}); err != nil {
			return err
		}
	}
	// region join
	fmt.Println(q.Join(ctx)) // every order is done, or lost
	// endregion
	return nil
}

// region acknowledged
var Serve = mp.Register("serve", func(ctx context.Context, q *queue.AcknowledgedQueue[string]) (int, error) {
	for d, err := range q.All(ctx) {
		if err != nil {
			return 0, err
		}
		if d.Value == "soup" && d.Redelivered == 0 {
			os.Exit(1) // before it is served
		}
		fmt.Println(d.Value, d.Redelivered)
		if err := d.Ack(); err != nil { // now it is not given out again
			return 0, err
		}
	}
	return 0, nil
})

// endregion

func acknowledged(ctx context.Context) error {
	q, err := queue.NewAcknowledged[string](0)
	if err != nil {
		return err
	}
	if err := errors.Join(q.Put(ctx, "soup"), q.Put(ctx, "salad")); err != nil {
		return err
	}
	q.Close() // All ends when everything is acknowledged
	for range 2 {
		p, err := mp.Start(ctx, Serve, q, nil)
		if err != nil {
			return err
		}
		if _, err := p.Result(ctx); err != nil {
			fmt.Println(err)
		}
	}
	return nil
}
