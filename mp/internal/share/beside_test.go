package share_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// hearer is a Watcher that passes on what it is told.
type hearer chan string

func (h hearer) Event(m link.Msg) {
	h <- string(m.Body)
	m.Release()
}

func (h hearer) Gone() { close(h) }

// Messages to a Watcher arrive in order, whether the receiving goroutine receives them or a caller of Await, whose wait may
// end with its answer or without.
func TestToldWhileOneWaits(t *testing.T) {
	leak.Check(t)
	ctx := context.Background()
	pool := must2(mp.NewPool(ctx, &mp.PoolOptions{Workers: 1}))(t)
	defer pool.Close()
	b := must2(mp.Apply(ctx, pool, Own, nil))(t)
	h := make(hearer, 10)
	if _, err := b.ref.Watch(ctx, func() share.Watcher { return h }); err != nil {
		t.Fatal(err)
	}
	if s, err := b.take(ctx); s != "of the child" || err != nil {
		t.Fatal(s, err)
	}
	said := 0
	tell := func() {
		said++
		want := fmt.Sprint(said)
		if err := b.ref.Send(ctx, opTell, []byte(want), nil, nil); err != nil {
			t.Error(err)
		}
		if got := <-h; got != want {
			t.Errorf("told %q instead of %q", got, want)
		}
	}
	for i := range 100 {
		took := make(chan error, 1)
		waits, cancel := context.WithCancel(ctx)
		go func() {
			m, err := b.ref.Await(waits, opTake, nil, nil)
			m.Release()
			took <- err
		}()
		if i%3 == 0 {
			time.Sleep(time.Millisecond) // mostly, Await waits by then
		}
		tell()
		tell()
		if i%2 == 0 {
			if err := b.give(ctx, "x"); err != nil {
				t.Error(err)
			}
			if err := <-took; err != nil {
				t.Error(err)
			}
		}
		cancel()
		if i%2 != 0 {
			if err := <-took; !errors.Is(err, share.ErrEnded) {
				t.Error(err)
			}
		}
		tell()
	}
	pool.Close()
	if s, more := <-h; more {
		t.Errorf("told %q", s)
	}
}
