package compare

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/compare/job"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

var do = mp.Register("job", func(_ context.Context, q Request) (int, error) { return job.Do(q.Kind, q.N) })

type ours struct{ pool *mp.Pool }

func newOurs(ctx context.Context) (way, error) {
	pool, err := mp.NewPool(ctx, &mp.PoolOptions{Workers: workers, KillDelay: -1, Limits: mp.Limits{Memory: fence << 20}})
	return ours{pool}, err
}

func (o ours) Call(ctx context.Context, kind job.Kind, n int) (int, error) {
	return mp.Apply(ctx, o.pool, do, Request{kind, n})
}

func (o ours) Close() error { return o.pool.Close() }
