package dataloader_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// picky is a batch that cannot be decoded if its first sample is 3, and cannot be encoded if that is 5.
type picky struct{ first int }

func (p *picky) MarshalBinary() ([]byte, error) {
	if p.first == 5 {
		return nil, errUnlucky
	}
	return binary.AppendVarint(nil, int64(p.first)), nil
}

func (p *picky) UnmarshalBinary(b []byte) error {
	n, _ := binary.Varint(b)
	if p.first = int(n); n == 3 {
		return errors.New("no")
	}
	return nil
}

var Picky = mp.Register("picky", func(_ context.Context, samples []int) (picky, error) { return picky{samples[0]}, nil })

// A batch that cannot be decoded does not count as delivered.
func TestUndecodableIsNotDelivered(t *testing.T) {
	leak.Check(t)
	for _, view := range []bool{false, true} {
		l := open[picky](t)(dataloader.New(background, Numbers.With(config{N: 5}), Picky, &dataloader.Options{Workers: 2, View: view}))
		var last error
		n := 0
		for _, err := range l.Epoch(background) {
			if last = err; err == nil {
				n++
			}
		}
		if s, state := l.Stats(), l.State(); last == nil || n != 3 || state.Delivered != 3 || s.Batches != 3 || s.Samples != 3 {
			t.Errorf("after %d batches: %v, %+v, %+v", n, last, state, s)
		}
	}
}
