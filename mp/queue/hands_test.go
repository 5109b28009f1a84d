package queue

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// A client that settles items that it does not have loses its link, and the items in its hands come back. Those in the hands of
// others stay there.
func TestHostileHands(t *testing.T) {
	leak.Check(t)
	ctx := context.Background()
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		q, err := NewAcknowledged[int](5)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			q.Put(ctx, i+1)
		}
		ours, theirs := link.NewInProcess()
		honest := q.of.ref.Over(ours, theirs)
		defer theirs.Close()
		ours, theirs = link.NewInProcess()
		hostile := q.of.ref.Over(ours, theirs)
		// The honest client gets items 1 and 4, the hostile one 2 and 5, and this process 3.
		for n := range uint64(5) {
			got := uint64(0)
			if n == 2 {
				d, err := q.Get(ctx)
				if err != nil {
					t.Fatal(err)
				}
				defer d.Ack()
				got = uint64(d.Value)
			} else {
				m, err := []*share.Ref{honest, hostile}[n%3].Call(ctx, opGet, make([]byte, 8), nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				got = number(m.Body)
				m.Release()
			}
			if got != n+1 {
				t.Fatalf("got %d instead of %d", got, n+1)
			}
		}
		for range 5 { // requests about room that it was not granted, and about items that it does not have
			op := []link.Kind{opAck, opReturn, opUnget, opPut, opDone, opTook}[rnd.IntN(6)]
			body := make([]byte, []int{0, 8}[rnd.IntN(2)])
			body = binary.LittleEndian.AppendUint64(body, []uint64{0, 1, 3, 4, 6, 1 << 63, rnd.Uint64()}[rnd.IntN(7)])
			_ = hostile.Send(ctx, op, body, nil, nil)
		}
		theirs.Close()
		for _, want := range []int{2, 5} {
			d, err := q.Get(ctx)
			if err != nil || d.Value != want || d.Redelivered != 1 {
				t.Fatalf("seed %d: %v, %v", seed, d, err)
			}
			if err := q.TryPut(0); err != ErrFull || q.Len() != 5 {
				t.Fatalf("seed %d: %v, %s", seed, err, q)
			}
			defer d.Ack()
		}
		for _, n := range []uint64{1, 4} {
			if err := honest.Send(ctx, opAck, binary.LittleEndian.AppendUint64(nil, n), nil, nil); err != nil {
				t.Error(err)
			}
		}
		for q.Len() > 3 { // until the owner has seen both Acks
			continue
		}
		runtime.KeepAlive(honest) // without its last reference the client would leave
		if err := q.TryPut(6); err != nil {
			t.Error(err)
		}
		q.Close()
		if d, err := q.Get(ctx); err != nil || d.Value != 6 || d.Ack() != nil {
			t.Error(d, err)
		}
		if _, err := q.TryGet(); err != ErrEmpty { // three items are in the hands of this process
			t.Error(err)
		}
		if err := q.Put(ctx, 7); !errors.Is(err, spawn.ErrClosed) {
			t.Error(err)
		}
	}
}
