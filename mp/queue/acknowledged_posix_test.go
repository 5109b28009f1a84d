//go:build unix

package queue_test

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/queue"
)

// OwnAcknowledged makes a queue with three items. The worker that runs it owns the queue, and stays.
var OwnAcknowledged = mp.Register("queue.ownacknowledged", func(ctx context.Context, _ int) (*acknowledged, error) {
	q, err := queue.NewAcknowledged[int](0)
	for i := range 3 {
		if err == nil {
			err = q.Put(ctx, i)
		}
	}
	return q, err
})

// Ack and Return do not wait for a frozen owner, which learns of them when it wakes up. After the owner's end, every call
// returns ErrClosed.
func TestOwnerOfDeliveries(t *testing.T) {
	leak.Check(t)
	for _, transport := range transports {
		t.Setenv("MP_TRANSPORT", transport)
		pool := must(mp.NewPool(background, &mp.PoolOptions{Workers: 1}))(t)
		q := must(mp.Apply(background, pool, OwnAcknowledged, 0))(t)
		first, second, third := get(t, q), get(t, q), get(t, q)
		pid := pool.Stats().Workers[0].Pid
		prog.Freeze(pid)
		if first.Ack() != nil || second.Return() != nil {
			t.Error("it waited")
		}
		syscall.Kill(pid, syscall.SIGCONT)
		if d := get(t, q); d.Value != 1 || d.Redelivered != 1 || q.Len() != 2 {
			t.Error(d, q)
		}
		prog.Kill(pid)
		if _, err := q.Get(background); !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
		for range 2 {
			if err := third.Ack(); !errors.Is(err, mp.ErrClosed) {
				t.Error(err)
			}
		}
		if err := third.Return(); !errors.Is(err, mp.ErrClosed) {
			t.Error(err)
		}
		pool.Close()
	}
}
