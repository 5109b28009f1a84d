package main

import (
	"context"
	"io"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

// workers is how many processes, goroutines and threads work where nothing else is said.
const workers = 2

const (
	ours       = "mp"
	goroutines = "goroutines"
)

// withPool is a case of ours, in a pool that is closed afterwards.
func withPool(name string, opts mp.PoolOptions, f func(ctx context.Context, m *measure.Meter, p *mp.Pool) error) measure.Case {
	return measure.Case{Name: name, Measure: func(ctx context.Context, m *measure.Meter) error {
		p, err := mp.NewPool(ctx, &opts)
		if err != nil {
			return err
		}
		defer p.Close()
		return f(ctx, m, p)
	}}
}

// inPool are the cases of ours that nearly every row has: as it comes, and over the socket wherever there is something faster.
func inPool(f func(ctx context.Context, m *measure.Meter, p *mp.Pool) error) []measure.Case {
	return withRival(withPool(ours, mp.PoolOptions{Workers: workers}, f))
}

// withRival has behind a case the same with the slower of the transports.
func withRival(c measure.Case) []measure.Case {
	socket := c
	socket.Name += ", MP_TRANSPORT=socket"
	socket.Vars = append([]string{"MP_TRANSPORT=socket"}, c.Vars...)
	c.Rival = socket.Name
	return []measure.Case{c, socket}
}

// crew calls f for each item in goroutines that take the next one from a channel when they have done one, and keeps the results
// in their order: what a pool does, without processes.
func crew[A, R any](n int, items []A, f func(A) R) []R {
	results := make([]R, len(items))
	next := make(chan int, 64)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for i := range next {
				results[i] = f(items[i])
			}
		})
	}
	for i := range items {
		next <- i
	}
	close(next)
	wg.Wait()
	return results
}

// closeAll is for deferred calls.
func closeAll(cs ...io.Closer) {
	for _, c := range cs {
		c.Close()
	}
}
