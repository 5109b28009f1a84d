package queue_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// PutLarge puts manyLarge large items, all at the same time. GetLarge gets them, all at the same time.
var (
	PutLarge = mp.Register("queue.put-large", func(ctx context.Context, q *queue.Queue[[]byte]) (int, error) {
		item := make([]byte, large)
		return 0, together(func() error { return q.Put(ctx, item) })
	})
	GetLarge = mp.Register("queue.get-large", func(ctx context.Context, q *queue.Queue[[]byte]) (int, error) {
		return 0, together(func() error { _, err := q.Get(ctx); return err })
	})
)

const (
	large     = 17 << 20
	manyLarge = 5
)

func together(do func() error) error {
	var all sync.WaitGroup
	errs := make([]error, manyLarge)
	for i := range errs {
		all.Go(func() { errs[i] = do() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// A peer that reads is not taken for deaf (share.errDeaf), however much is on its way to it.
func TestLargeAtOnce(t *testing.T) {
	leak.Check(t)
	q := newQueue[[]byte](t, 0)
	if _, err := start(t, PutLarge, q).Result(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := q.Len(); n != manyLarge {
		t.Fatal(n)
	}
	if _, err := start(t, GetLarge, q).Result(t.Context()); err != nil {
		t.Fatal(err)
	}
}
