// Sharing has two processes count letters: a queue, a lock and memory are shared.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/sharedmem"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// Desk is what the processes share: handles are fields, by pointer.
type Desk struct {
	Words   *mp.Queue[string]
	Lock    *synchronize.Lock
	Letters *sharedmem.Array[int64] // with the lock held
}

var (
	Count = mp.Register("count", func(ctx context.Context, d Desk) (int, error) {
		words := 0
		for word, err := range d.Words.All(ctx) { // until the queue is closed, and empty
			if err != nil {
				return words, err
			}
			if err := d.Lock.Acquire(ctx); err != nil {
				return words, err
			}
			for _, c := range word {
				d.Letters.Slice()[c-'a']++
			}
			if err := d.Lock.Release(); err != nil {
				return words, err
			}
			words++
		}
		return words, nil
	})
	Forget = mp.Register("forget", func(ctx context.Context, l *synchronize.Lock) (int, error) {
		return 0, l.Acquire(ctx) // and never Release
	})
	Late = mp.Register("late", func(ctx context.Context, c *mp.Conn) (int, error) {
		var q *mp.Queue[string]
		if err := c.Recv(ctx, &q); err != nil {
			return 0, err
		}
		return q.Len(), q.Put(ctx, "thanks")
	})
)

func main() { mp.MainContext(run) }

func run(ctx context.Context) error {
	words, err := mp.NewQueue[string](100) // Put waits while there are 100
	if err != nil {
		return err
	}
	lock, err := synchronize.NewLock()
	if err != nil {
		return err
	}
	letters, err := sharedmem.NewArray[int64](26)
	if err != nil {
		return err
	}
	defer letters.Close()

	var counters []*mp.Process[int]
	for range 2 {
		p, err := mp.Start(ctx, Count, Desk{words, lock, letters}, nil)
		if err != nil {
			return err
		}
		counters = append(counters, p)
	}
	for range 500 {
		if err := errors.Join(words.Put(ctx, "banana"), words.Put(ctx, "fig")); err != nil {
			return err
		}
	}
	words.Close() // nothing more comes: All ends
	total := 0
	for _, p := range counters {
		n, err := p.Result(ctx)
		if err != nil {
			return err
		}
		total += n
	}
	fmt.Println(total, "words,", letters.Slice()[0], "times an a")

	p, err := mp.Start(ctx, Forget, lock, nil)
	if err == nil {
		err = p.Join(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Println(lock.Acquire(ctx)) // once, without the lock
	fmt.Println(lock.Acquire(ctx), lock.Release(), lock)

	ours, theirs, err := mp.Pipe()
	if err != nil {
		return err
	}
	q, err := mp.Start(ctx, Late, theirs, nil) // theirs is its now
	if err != nil {
		return err
	}
	more, err := mp.NewQueue[string](0)
	if err != nil {
		return err
	}
	if err := ours.Send(ctx, more); err != nil { // to a process that runs already
		return err
	}
	fmt.Println(more.Get(ctx))
	_, err = q.Result(ctx)
	return err
}
