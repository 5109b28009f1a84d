package pool_test

import (
	"context"
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// gate is an argument, or a result, whose encoding and decoding in this process wait for the test.
type gate struct{ N int }

var encoding, decoding atomic.Pointer[func()]

func (g gate) MarshalBinary() ([]byte, error) {
	if f := encoding.Load(); f != nil {
		(*f)()
	}
	return binary.AppendVarint(nil, int64(g.N)), nil
}

func (g *gate) UnmarshalBinary(b []byte) error {
	if f := decoding.Load(); f != nil {
		(*f)()
	}
	n, _ := binary.Varint(b)
	g.N = int(n)
	return nil
}

var Through = mp.Register("through", func(_ context.Context, g gate) (gate, error) { return g, nil })

// A chunk that is being encoded for a worker is not lost when the worker dies.
func TestKilledWhileEncoding(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1})
	var once atomic.Bool
	kill := func() {
		if !once.CompareAndSwap(false, true) {
			return
		}
		victim := p.Stats().Workers[0].Pid
		prog.Kill(victim)
		for s := p.Stats(); s.Started < 2 || len(s.Workers) == 0; s = p.Stats() { // until another worker is up
			time.Sleep(time.Millisecond)
		}
	}
	encoding.Store(&kill)
	defer encoding.Store(nil)
	got, err := mp.Map(t.Context(), p, Through, []gate{{5}})
	if err != nil || got[0].N != 5 {
		t.Errorf("%v, %v", got, err)
	}
}

// The time that the pool takes to decode a result does not count for the timeout of the next item.
func TestSlowDecodingIsNotCharged(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 1, KillDelay: 10 * time.Millisecond})
	slow := func() { time.Sleep(700 * time.Millisecond) }
	decoding.Store(&slow)
	defer decoding.Store(nil)
	items := make([]gate, 4)
	if _, err := mp.Map(t.Context(), p, Through, items, mp.ChunkSize(2), mp.Timeout(600*time.Millisecond)); err != nil {
		t.Error(err)
	}
	if s := p.Stats(); s.Started != 1 {
		t.Errorf("%d workers", s.Started)
	}
}
