package dataloader_test

import (
	"context"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// A worker that is told twice to drop its orders, and does, is kept: its reply to the second order to drop is enough.
func TestCalledOffTwice(t *testing.T) {
	leak.Check(t)
	dataloader.CallOffFloor(t, time.Minute)
	l := newStream(t, config{N: 3, Each: 100 * time.Millisecond}, &dataloader.Options{
		BatchSize: 3, Workers: 1, Persistent: true, KillDelay: time.Millisecond,
	})
	for _, wait := range []time.Duration{50 * time.Millisecond, 0} { // the second epoch ends before it orders a batch
		ctx, cancel := context.WithTimeout(background, wait)
		for range l.Epoch(ctx) {
			continue
		}
		cancel()
	}
	for dataloader.Unanswered(l) > 0 { // at the latest until the worker is killed after the minute
		time.Sleep(time.Millisecond)
	}
	want(t, l, chunks(3, 3))
	if s := l.Stats(); s.Starts != 1 {
		t.Errorf("%+v", s)
	}
}

// A worker that hangs gets no more time to drop its orders when further epochs are begun and left.
func TestPeeksPostponeNothing(t *testing.T) {
	leak.Check(t)
	c := config{N: 4, Does: map[int]string{0: "once deaf"}, Dir: prog.TempDir(t)}
	l := newLoader(t, c, &dataloader.Options{Workers: 2, Persistent: true, KillDelay: time.Millisecond})
	for began := time.Now(); l.Stats().Starts == 2; {
		if time.Since(began) > 10*time.Second {
			t.Fatal("it still hangs")
		}
		ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
		for range l.Epoch(ctx) {
			continue
		}
		cancel()
	}
	want(t, l, chunks(4, 1))
	if s := l.Stats(); s.Deaths != 0 {
		t.Errorf("%+v", s)
	}
}
