package compare

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/go-multiprocessing/multiprocessing/compare/job"
)

type goroutines struct{}

func newGoroutines(context.Context) (way, error) { return goroutines{}, nil }

func (goroutines) Call(_ context.Context, kind job.Kind, n int) (result int, err error) {
	var g errgroup.Group
	g.Go(func() error {
		result, err = job.Do(kind, n)
		return err
	})
	return result, g.Wait()
}

func (goroutines) Close() error { return nil }
