package connection

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Waitable is what Wait waits for. What has an Await method as well, like a Conn, is ready whenever Await returns nil, which it
// does at once then, even if its ctx is over. Anything else is ready once Done is closed: a process that has ended, a future, a
// context.
type Waitable interface {
	Done() <-chan struct{}
}

// awaiter is a Waitable that can be ready more than once.
type awaiter interface {
	Await(ctx context.Context) error
}

// Wait waits until at least one of ws is ready, and returns all that are, in their order. A Conn is ready when Recv would return
// without waiting for the other end to begin, which includes the other end's end and its own. There may be any number. When ctx
// ends first, the error is ctx's; if it is over already, what is ready is returned all the same. Wait receives nothing. It
// is Python's connection.wait.
func Wait(ctx context.Context, ws ...Waitable) ([]Waitable, error) {
	for i, w := range ws {
		if w == nil {
			return nil, fmt.Errorf("mp: Wait: number %d is nil", i)
		}
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	for {
		var ready []Waitable
		for _, w := range ws {
			switch err := await(over, w); {
			case err == nil:
				ready = append(ready, w)
			case !errors.Is(err, over.Err()):
				return nil, err
			}
		}
		if len(ready) > 0 {
			return ready, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("mp: Wait: none of %d is ready: %w", len(ws), spawn.CtxError(ctx))
		}
		awaitOne(ctx, ws)
	}
}

// awaitOne waits until one is ready, or has an error, or ctx is over.
func awaitOne(ctx context.Context, ws []Waitable) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	for _, w := range ws {
		all.Go(func() {
			_ = await(ctx, w)
			cancel()
		})
	}
	<-ctx.Done()
	all.Wait()
}

// await waits until w is ready. If ctx is over, it only looks.
func await(ctx context.Context, w Waitable) error {
	if a, ok := w.(awaiter); ok {
		return a.Await(ctx)
	}
	select {
	case <-w.Done():
		return nil
	default:
	}
	select {
	case <-w.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
