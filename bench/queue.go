package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// supply is an errand: to put Count items into Queue, or to get all items that come.
type supply struct {
	Queue *queue.Queue[[]byte]
	Count int
}

var (
	produces = registerErrands("produces", func(ctx context.Context, s supply) (int, error) {
		defer s.Queue.Close()
		return s.Count, put(ctx, s.Queue, s.Count)
	})
	consumes = registerErrands("consumes", func(ctx context.Context, s supply) (n int, err error) {
		defer s.Queue.Close()
		for b, err := range s.Queue.All(ctx) {
			if err != nil || len(b) != message {
				return n, fmt.Errorf("%d bytes, %w", len(b), err)
			}
			n++
		}
		return n, nil
	})
)

func put(ctx context.Context, q *queue.Queue[[]byte], n int) error {
	b := make([]byte, message)
	for range n {
		if err := q.Put(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// Items of 64 bytes through a queue, to or from the process that owns it, or between other processes.
func queueRows() []measure.Row {
	row := func(name, about string, goal float64, each int, cases ...[]measure.Case) measure.Row {
		return measure.Row{
			Name: "queue/" + name, About: about, Unit: measure.PerSecond,
			Anchor: goroutines + ", a channel", Goal: measure.AtLeast(measure.PerSecond, goal),
			Cases: append(slices.Concat(cases...),
				itemsOverChannel(goroutines+", a channel", million, each),
				inPython("Queue", "queue-"+name, some, 0),
				inPython("SimpleQueue", "simple-"+name, some, 0),
			),
		}
	}
	overQueue := func(name string, t traffic) []measure.Case {
		return bothWays(million, million/50, func(n int) measure.Case { return t.through(name, n) })
	}
	return []measure.Row{
		row("1-1", "items of 64 bytes through a Queue between its owner and another process", 5e6, 1,
			overQueue("mp, to the owner", traffic{producers: 1}),
			overQueue("mp, from the owner", traffic{consumers: 1}),
			[]measure.Case{traffic{producers: 1, capacity: 1024}.through("mp, to the owner, of capacity 1024", million)},
		),
		row("third", "the same from a process to another one, the owner being a third", 2e6, 1,
			overQueue(ours, traffic{producers: 1, consumers: 1}),
		),
		row("4-4", "the same from four processes to four others", 2e6, 4,
			overQueue(ours, traffic{producers: 4, consumers: 4}),
		),
	}
}

// traffic is how many other processes put and get. If there are none to put, the owner of the queue puts; the same with
// get.
type traffic struct{ producers, consumers, capacity int }

// through is a case with n items. Each measurement makes a queue and closes it, which tells the consumers that no more
// items come.
func (t traffic) through(name string, n int) measure.Case {
	return measure.Case{Name: name, Measure: func(ctx context.Context, m *measure.Meter) (err error) {
		producers, err := company(ctx, t.producers, produces)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, producers.Close()) }()
		consumers, err := company(ctx, t.consumers, consumes)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, consumers.Close()) }()
		return m.All(n, func(n int) error {
			share := n / max(1, t.producers)
			n = share * max(1, t.producers)
			q, err := queue.New[[]byte](t.capacity)
			if err != nil {
				return err
			}
			defer q.Close()
			if err := errors.Join(producers.send(ctx, supply{q, share}), consumers.send(ctx, supply{q, 0})); err != nil {
				return err
			}
			if t.producers == 0 {
				if err := put(ctx, q, n); err != nil {
					return err
				}
			}
			if t.consumers == 0 {
				for range n {
					if b, err := q.Get(ctx); err != nil || len(b) != message {
						return fmt.Errorf("%d bytes, %w", len(b), err)
					}
				}
			}
			if _, err := producers.done(ctx); err != nil {
				return err
			}
			q.Close()
			if t.consumers == 0 {
				return nil
			}
			got, err := consumers.done(ctx)
			return counted(got, n, err)
		})
	}}
}

// itemsOverChannel does the same with goroutines and a channel: each of them produce, and as many consume. Every item is a
// new slice, because the consumers of a queue own what they get, too.
func itemsOverChannel(name string, n, each int) measure.Case {
	return measure.Case{Name: name, Measure: func(_ context.Context, m *measure.Meter) error {
		return m.All(n, func(n int) error {
			items := make(chan []byte, 1024)
			var producers, consumers sync.WaitGroup
			for range each {
				producers.Go(func() {
					for range n / each {
						items <- make([]byte, message)
					}
				})
				consumers.Go(func() {
					for range items {
						continue
					}
				})
			}
			producers.Wait()
			close(items)
			consumers.Wait()
			return nil
		})
	}}
}
