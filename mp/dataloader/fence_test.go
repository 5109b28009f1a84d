package dataloader_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// greedy is a dataset with one sample that takes up to 2 GiB of memory, which is more than its limit.
type greedy int

func (g greedy) Len() int { return 12 }

func (g greedy) Get(_ context.Context, i int) (int, error) {
	var all [][]byte
	for i == int(g) && len(all) < 512 {
		b := make([]byte, 4<<20)
		for at := 0; at < len(b); at += 4096 {
			b[at] = 1
		}
		all = append(all, b)
	}
	runtime.KeepAlive(all)
	return i, nil
}

var Greedy = dataloader.Register("greedy", func(_ context.Context, i int) (dataloader.Dataset[int], error) { return greedy(i), nil })

// A sample that takes more memory than Limits allow costs one worker and is quarantined. Its error is an ErrMemory.
func TestMemoryFence(t *testing.T) {
	if !spawn.MeasuresMemory {
		t.Skip("this system does not tell how much memory another process has")
	}
	leak.Check(t)
	var told []*dataloader.SampleError
	l := open[batch](t)(dataloader.New(background, Greedy.With(5), Collate, &dataloader.Options{
		BatchSize: 4, Workers: 2, CrashRetries: -1, Limits: mp.Limits{Memory: 128 << 20},
		OnError: dataloader.Skip, OnSkip: func(e *dataloader.SampleError) { told = append(told, e) },
	}))
	want(t, l, chunks(12, 4, 5))
	if len(told) != 1 {
		t.Fatal(told)
	}
	var exit *mp.ExitError
	if e := told[0]; e.Index != 5 || !errors.Is(e, mp.ErrMemory) || !errors.Is(e, dataloader.ErrQuarantined) || !errors.As(e, &exit) || exit.Cause != mp.CauseOOM {
		t.Errorf("%+v", e)
	}
	if s := l.Stats(); s.Deaths != 1 {
		t.Error(s)
	}
	t.Log(told[0])
}
