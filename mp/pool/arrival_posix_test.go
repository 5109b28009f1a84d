//go:build unix

package pool_test

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

var (
	DieOfReceiving = mp.RegisterInit("dieOfReceiving", func(context.Context, int) error {
		limit := &syscall.Rlimit{Cur: 40, Max: 40}
		return syscall.Setrlimit(syscall.RLIMIT_NOFILE, limit)
	})
	Count = mp.Register("count", func(_ context.Context, files []*os.File) (int, error) {
		for _, f := range files {
			f.Close()
		}
		return len(files), nil
	})
)

// An item that kills every worker that receives it, before it begins, is found out and blamed.
func TestDeathOnArrival(t *testing.T) {
	p := newPool(t, &mp.PoolOptions{Workers: 2, Init: DieOfReceiving.With(0), Stderr: io.Discard})
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	poison := make([]*os.File, 60)
	for i := range poison {
		poison[i] = null
	}
	items := [][]*os.File{nil, {null}, poison, {null, null}, nil}
	got, err := mp.Map(t.Context(), p, Count, items, mp.KeepGoing(), mp.ChunkSize(5))
	var exit *mp.ExitError
	if !errors.As(err, &exit) || exit.Index != 2 {
		t.Errorf("%v", err)
	}
	if got[0] != 0 || got[1] != 1 || got[3] != 2 || p.Stats().Started > 8 {
		t.Errorf("%v, %+v", got, p.Stats())
	}
}
