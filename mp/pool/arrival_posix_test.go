//go:build unix

package pool_test

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"

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

// Outlast holds the file for as long as its process lives, which is for ever.
var Outlast = mp.Register("outlast", func(context.Context, *os.File) (int, error) { select {} })

// DieLateOfReceiving is DieOfReceiving, but the worker also starts a process, for which it has to wait when it exits.
var DieLateOfReceiving = mp.RegisterInit("dieLateOfReceiving", func(ctx context.Context, f *os.File) error {
	_, err := mp.Start(context.WithoutCancel(ctx), Outlast, f, nil)
	return errors.Join(err, f.Close(), syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 40, Max: 40}))
})

// An item that kills every worker which receives it, before the worker begins it, is found out and blamed.
func TestDeathOnArrival(t *testing.T) { deathOnArrival(t, DieOfReceiving.With(0)) }

// The same holds when the workers, as they exit, wait for a child of their own.
func TestLateDeathOnArrival(t *testing.T) {
	outlasts, held, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer outlasts.Close()
	t.Run("pool", func(t *testing.T) {
		defer held.Close()
		deathOnArrival(t, DieLateOfReceiving.With(held))
	})
	outlasts.Read(make([]byte, 1)) // until no process of Outlast is left
}

func deathOnArrival(t *testing.T, die mp.Initializer) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p := newPool(t, &mp.PoolOptions{Workers: 2, Init: die, Stderr: io.Discard})
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
	got, err := mp.Map(ctx, p, Count, items, mp.KeepGoing(), mp.ChunkSize(5))
	var exit *mp.ExitError
	if !errors.As(err, &exit) || exit.Index != 2 {
		t.Errorf("%v", err)
	}
	if got[0] != 0 || got[1] != 1 || got[3] != 2 || p.Stats().Started > 8 {
		t.Errorf("%v, %+v", got, p.Stats())
	}
}
