//go:build unix

package synchronize_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/synchronize"
)

// WaitForAll waits for all these conditions, which have the same lock, at the same time.
var WaitForAll = mp.Register("wait-for-all", func(ctx context.Context, all []*synchronize.Condition) (int, error) {
	var wg sync.WaitGroup
	errs := make([]error, len(all))
	for i, c := range all {
		wg.Go(func() {
			errs[i] = errors.Join(c.Acquire(ctx), c.Wait(ctx), c.Release())
		})
	}
	wg.Wait()
	return 0, errors.Join(errs...)
})

// A process that is killed while it waits for conditions does not get the lock if they are notified just then. PY-SYNC-17
func TestNotifiedAfterDeath(t *testing.T) {
	leak.Check(t)
	for range 30 {
		l := made(synchronize.NewLock())(t)
		all := make([]*synchronize.Condition, 200)
		for i := range all {
			all[i] = made(synchronize.NewCondition(l))(t)
		}
		p, err := mp.Start(t.Context(), WaitForAll, all, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		waits := func(c *synchronize.Condition) bool { return c.String() == "<Condition waiting=1>" }
		for _, c := range all {
			until(t, "it waits", func() bool { return waits(c) })
		}
		if err := l.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.Kill()
		for waits(all[0]) { // until the owner begins to forget the waits of the dead process
		}
		for _, c := range all {
			if err := c.Notify(1); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := l.Acquire(ctx); err != nil {
			t.Fatalf("%v: %v", l, err)
		}
		if err := l.Release(); err != nil {
			t.Fatal(err)
		}
	}
}
