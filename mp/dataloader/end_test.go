package dataloader_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// When the loop is left, the workers drop their orders, and the next epoch is whole.
func TestBreak(t *testing.T) {
	leak.Check(t)
	for _, opts := range []dataloader.Options{
		{}, {Workers: 1, Persistent: true}, {Workers: 3}, {Workers: 3, Persistent: true}, {Workers: 2, Persistent: true, View: true},
	} {
		t.Run(fmt.Sprintf("%d %v %v", opts.Workers, opts.Persistent, opts.View), func(t *testing.T) {
			opts.BatchSize, opts.KillDelay = 3, 100*time.Millisecond
			l := newLoader(t, config{N: 50}, &opts)
			s := newStream(t, config{N: 50}, &opts)
			all, err := epoch(s)
			if err != nil {
				t.Fatal(err)
			}
			for range many(10) {
				at := rand.IntN(17)
				for range l.Epoch(background) {
					if at--; at < 0 {
						break
					}
				}
				for range s.Epoch(background) {
					if at--; at < -10 {
						break
					}
				}
				if rand.IntN(4) == 0 {
					want(t, l, chunks(50, 3))
					want(t, s, all)
				}
			}
		})
	}
}

// When the loop is left, a worker whose sample does not look at its ctx is killed, and Stats does not count that as a death.
func TestBreakDeaf(t *testing.T) {
	leak.Check(t)
	for _, persistent := range []bool{false, true} {
		c := config{N: 20, Does: map[int]string{3: "once deaf"}, Dir: prog.TempDir(t)}
		l := newLoader(t, c, &dataloader.Options{Workers: 2, Persistent: persistent, KillDelay: 50 * time.Millisecond})
		for range l.Epoch(background) {
			break
		}
		for { // until a worker has begun sample 3
			if _, err := os.Stat(filepath.Join(c.Dir, "3")); err == nil {
				break
			}
			for range l.Epoch(background) {
				break
			}
		}
		want(t, l, chunks(20, 1))
		if s := l.Stats(); s.Deaths != 0 {
			t.Error(s)
		}
	}
}

// When the loop is left, a persistent worker may finish the sample that it is at, however short KillDelay is, and is kept.
func TestBreakKeepsWorkers(t *testing.T) {
	leak.Check(t)
	dataloader.CallOffFloor(t, time.Minute)
	l := newLoader(t, config{N: 6, Each: 100 * time.Millisecond}, &dataloader.Options{Workers: 2, Persistent: true, KillDelay: time.Millisecond})
	for range l.Epoch(background) {
		break
	}
	want(t, l, chunks(6, 1))
	if s := l.Stats(); s.Deaths != 0 || s.Starts != 2 {
		t.Errorf("%+v", s)
	}
}

// When the ctx of Epoch ends, the loop ends at once, and so does the sample that is being got.
func TestEpochCtx(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		l := newLoader(t, config{N: 20, Does: map[int]string{3: "wait"}}, &dataloader.Options{Workers: workers, Persistent: workers > 0})
		ctx, cancel := context.WithTimeoutCause(background, time.Second, errUnlucky) // the first three batches come long before
		defer cancel()
		n := 0
		var last error
		for _, err := range l.Epoch(ctx) {
			if last = err; err == nil {
				n++
			}
		}
		if n != 3 || !errors.Is(last, context.DeadlineExceeded) || !errors.Is(last, errUnlucky) {
			t.Errorf("%d batches, %v", n, last)
		}
	}
}

// When the ctx of New ends, the workers end, and an epoch that runs ends with an error.
func TestLoaderCtx(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		l := open[batch](t)(dataloader.New(ctx, Numbers.With(config{N: 20}), Collate, &dataloader.Options{Workers: workers}))
		n := 0
		var last error
		for _, err := range l.Epoch(background) {
			if n++; n == 2 {
				cancel()
			}
			last = err
		}
		if n != 3 || !errors.Is(last, context.Canceled) {
			t.Errorf("%d batches, %v", n, last)
		}
	}
}

func TestOneEpochAtATime(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		l := newLoader(t, config{N: 20}, &dataloader.Options{Workers: workers})
		for range l.Epoch(background) {
			if _, err := epoch(l); !errors.Is(err, dataloader.ErrBusy) {
				t.Errorf("%v", err)
			}
			break
		}
		for range l.Epoch(background) {
			l.Close()
			break
		}
		n := 0
		for _, err := range l.Epoch(background) {
			if n++; !errors.Is(err, mp.ErrClosed) {
				t.Errorf("%v", err)
			}
		}
		if n != 1 {
			t.Errorf("%d values of a closed loader", n)
		}
	}
}

func TestCloseInTheLoop(t *testing.T) {
	leak.Check(t)
	l := newLoader(t, config{N: 20}, &dataloader.Options{Workers: 2})
	var last error
	for _, err := range l.Epoch(background) {
		l.Close()
		last = err
	}
	if !errors.Is(last, mp.ErrClosed) {
		t.Errorf("%v", last)
	}
}
