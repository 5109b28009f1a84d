package main

import (
	"context"
	"io"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/bench/measure"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

// workers is how many processes, goroutines or threads work in a case that does not name another number.
const workers = 2

const (
	ours       = "mp"
	goroutines = "goroutines"
)

// withPool is a case of mp's, in a pool that is closed afterwards.
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

// inPool returns the two cases of mp's that nearly every row has: with the default transport, and over the socket.
func inPool(f func(ctx context.Context, m *measure.Meter, p *mp.Pool) error) []measure.Case {
	return withRival(withPool(ours, mp.PoolOptions{Workers: workers}, f))
}

// withRival returns c and its rival, which is the same case over the socket, the slower transport.
func withRival(c measure.Case) []measure.Case {
	socket := c
	socket.Name += ", MP_TRANSPORT=socket"
	socket.Vars = append([]string{"MP_TRANSPORT=socket"}, c.Vars...)
	c.Rival = socket.Name
	return []measure.Case{c, socket}
}

// crew calls f for each item in n goroutines that take items from a channel, and returns the results in the order of the
// items. This is what a pool does, without processes.
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

// closeAll closes cs, for deferred calls.
func closeAll(cs ...io.Closer) {
	for _, c := range cs {
		c.Close()
	}
}
