// Queue has two consumers count words that this process puts into a queue.
package main

import (
	"context"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var Count = mp.Register("count", func(ctx context.Context, words *mp.Queue[string]) (int, error) {
	n := 0
	for _, err := range words.All(ctx) { // until the queue is closed, and empty
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
})

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	words, err := mp.NewQueue[string](100) // Put waits while there are 100
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var consumers []*mp.Process[int]
	for range 2 {
		p, err := mp.Start(ctx, Count, words, nil)
		if err != nil {
			return err
		}
		consumers = append(consumers, p)
		go func() {
			if _, err := p.Result(context.WithoutCancel(ctx)); err != nil {
				cancel(err) // if all consumers have died, Put would wait for ever
			}
		}()
	}
	for range 1000 {
		if err := words.Put(ctx, "banana"); err != nil {
			return err
		}
	}
	words.Close() // nothing more comes

	total := 0
	for _, p := range consumers {
		n, err := p.Result(ctx)
		if err != nil {
			return err
		}
		total += n
	}
	fmt.Println(total, "words")
	return nil
}
