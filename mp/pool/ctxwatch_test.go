package pool_test

import (
	"context"
	"errors"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// Calls whose ctxs end all at once, like those of requests when a server stops, end in a moment, however many they are.
func TestManyContextsEnd(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1})
	all, cancel := context.WithCancel(t.Context())
	futures := make([]*mp.Future[int], 20000)
	for i := range futures {
		ctx, end := context.WithCancel(all)
		defer end()
		futures[i] = mp.Submit(ctx, p, submitHang, true)
	}
	cancel()
	for _, f := range futures {
		if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}

// curious is a ctx whose methods call the pool.
type curious struct {
	context.Context
	pool *mp.Pool
}

func (c curious) Err() error { c.pool.Stats(); return c.Context.Err() }

func (c curious) Done() <-chan struct{} { c.pool.Stats(); return c.Context.Done() }

func (c curious) Value(key any) any { c.pool.Stats(); return c.Context.Value(key) }

// The methods of a ctx may call the pool.
func TestCuriousContext(t *testing.T) {
	p := newPool(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for n := range 10 {
		if _, err := mp.Submit(curious{ctx, p}, p, Square, n).Wait(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
