package dataloader_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// Any number of batches in a row that are empty, or that have no sample left, do not hold up the next one.
func TestManyEmptyBatches(t *testing.T) {
	leak.Check(t)
	empty := slices.Concat(make(lists, 50), lists{{1}}, make(lists, 50))
	for _, workers := range []int{0, 2} {
		want(t, newLoader(t, config{N: 5}, &dataloader.Options{Workers: workers, BatchSampler: empty}), [][]int{{1}})
		c := config{N: 60, Does: map[int]string{}}
		for i := range 55 {
			c.Does[i] = "fail"
		}
		want(t, newLoader(t, c, &dataloader.Options{Workers: workers, OnError: dataloader.Skip}), chunks(60, 1)[55:])
	}
}

// After a panic of OnSkip, which leaves the loop, the next epoch is whole.
func TestOnSkipPanics(t *testing.T) {
	leak.Check(t)
	panics, times := true, 0
	l := newLoader(t, config{N: 20, Does: map[int]string{1: "fail"}}, &dataloader.Options{
		BatchSize: 4, Workers: 1, Persistent: true, OnError: dataloader.Skip,
		OnSkip: func(*dataloader.SampleError) {
			if times++; panics {
				panic("OnSkip")
			}
		},
	})
	for range 5 {
		func() {
			defer func() { _ = recover() }()
			epoch(l)
		}()
	}
	panics = false
	want(t, l, chunks(20, 4, 1))
	if s := l.Stats(); s.Deaths != 0 || times != 6 {
		t.Errorf("%d times, %+v", times, s)
	}
}

// Close may be called in the body of the loop and in OnSkip. The epoch then ends with ErrClosed.
func TestCloseWithABatch(t *testing.T) {
	leak.Check(t)
	c := config{N: 20, Does: map[int]string{2: "fail"}}
	for _, workers := range []int{0, 2} {
		opts := dataloader.Options{Workers: workers, View: true}
		l := newLoader(t, c, &opts)
		var last error
		for _, err := range l.Epoch(background) {
			l.Close()
			last = err
		}
		if !errors.Is(last, mp.ErrClosed) {
			t.Errorf("%v", last)
		}
		opts = dataloader.Options{Workers: workers, OnError: dataloader.Skip, OnSkip: func(*dataloader.SampleError) { l.Close() }}
		l = newLoader(t, c, &opts)
		if _, err := epoch(l); !errors.Is(err, mp.ErrClosed) {
			t.Errorf("%v", err)
		}
	}
}

// visit is the state of the dataset visited, which runs in this process.
var visit struct {
	began  chan context.Context // gets the ctx of Get when Get begins
	leave  chan bool            // when it is closed, Get returns
	closed bool
}

type visited struct{}

func (visited) Len() int     { return 1 }
func (visited) Close() error { visit.closed = true; return nil }
func (visited) Get(ctx context.Context, i int) (int, error) {
	visit.began <- ctx
	<-visit.leave
	return i, nil
}

var Visited = dataloader.Register("visited", func(context.Context, int) (dataloader.Dataset[int], error) { return visited{}, nil })

// Close does not wait for the loop of another goroutine, and leaves it to that loop to close a dataset whose Get is running.
func TestCloseDuringGet(t *testing.T) {
	leak.Check(t)
	visit.began, visit.leave, visit.closed = make(chan context.Context), make(chan bool), false
	l := open[batch](t)(dataloader.New(background, Visited.With(0), Collate, nil))
	ended := make(chan error)
	go func() {
		_, err := epoch(l)
		ended <- err
	}()
	ctx := <-visit.began
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	<-ctx.Done()
	if visit.closed {
		t.Error("the dataset was closed while Get is at it")
	}
	close(visit.leave)
	if err := <-ended; !errors.Is(err, mp.ErrClosed) {
		t.Errorf("%v", err)
	}
	if !visit.closed {
		t.Error("the dataset was not closed with the loop")
	}
}

// If the dataset of a new worker has become longer, every epoch ends with an error, until a worker opens the dataset with its
// first length again.
func TestLenHasChanged(t *testing.T) {
	leak.Check(t)
	c := config{N: 20, Open: "count", Dir: prog.TempDir(t)}
	l := newLoader(t, c, &dataloader.Options{Workers: 1, Persistent: true})
	want(t, l, chunks(20, 1))
	if err := os.WriteFile(filepath.Join(c.Dir, "more"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() { prog.Kill(mp.ActiveChildren()[0].Pid()) }) // only once: later there may be no child
	for range l.Epoch(background) {
		kill()
	}
	for range 2 {
		if _, err := epoch(l); err == nil {
			t.Error("nobody has noticed")
		} else {
			t.Log(err)
		}
	}
	os.Remove(filepath.Join(c.Dir, "more"))
	want(t, l, chunks(20, 1))
}

// A failed batch does not count as delivered: a run that is resumed from the state after it gets it again.
func TestResumeAfterAnError(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		for _, bad := range []int{9, 19} {
			opts := &dataloader.Options{BatchSize: 4, Workers: workers}
			l := newLoader(t, config{N: 20, Does: map[int]string{bad: "fail"}}, opts)
			var inLoop dataloader.State
			for _, err := range l.Epoch(background) {
				if err != nil {
					inLoop = l.State()
				}
			}
			for _, state := range []dataloader.State{inLoop, l.State()} {
				l = newLoader(t, config{N: 20}, opts)
				if err := l.Restore(state); err != nil {
					t.Fatal(err)
				}
				want(t, l, chunks(20, 4)[bad/4:])
			}
		}
	}
}

// A sample whose worker died, and that was got afterwards, has all its crash retries again in the next epoch.
func TestStrikesEnd(t *testing.T) {
	leak.Check(t)
	c := config{N: 20, Does: map[int]string{7: "once die"}, Dir: prog.TempDir(t)}
	l := newLoader(t, c, &dataloader.Options{BatchSize: 4, Workers: 2, Persistent: true})
	for range 3 {
		want(t, l, chunks(20, 4))
		os.Remove(filepath.Join(c.Dir, "7"))
	}
	if s := l.Stats(); s.Deaths != 3 {
		t.Errorf("%+v", s)
	}
}

// A worker that begins a stream anew, after a death or Restore, passes by the samples that were left out before, too.
func TestStreamPassesErrors(t *testing.T) {
	leak.Check(t)
	c := config{N: 20, Does: map[int]string{2: "fail", 11: "once die"}, Dir: prog.TempDir(t)}
	opts := &dataloader.Options{BatchSize: 4, Workers: 1, OnError: dataloader.Skip}
	all := [][]int{{0, 1, 3}, {4, 5, 6, 7}, {8, 9, 10, 11}, {12, 13, 14, 15}, {16, 17, 18, 19}}
	l := newStream(t, c, opts)
	want(t, l, all)
	state := stateAfter(t, l, 0, 2)
	l = newStream(t, c, opts)
	if err := l.Restore(state); err != nil {
		t.Fatal(err)
	}
	want(t, l, all[2:])
}

// An epoch that begins while the workers of the one before are ending does not use those workers.
func TestEpochRightAfterAnother(t *testing.T) {
	leak.Check(t)
	l := newLoader(t, config{N: 6}, &dataloader.Options{Workers: 2, Prefetch: 1})
	next := make(chan error)
	for range many(10) {
		begun := make(chan struct{})
		go func() {
			<-begun
			for {
				_, err := epoch(l)
				if !errors.Is(err, dataloader.ErrBusy) {
					next <- err
					return
				}
			}
		}()
		for range l.Epoch(background) {
			break
		}
		close(begun)
		for range l.Epoch(background) {
			continue
		}
		if err := <-next; err != nil {
			t.Fatal(err)
		}
	}
}

// If the ctx of Epoch ends while a sample is being got, that sample is not counted as skipped.
func TestCtxBlamesNobody(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 1} {
		l := newLoader(t, config{N: 4, Does: map[int]string{1: "wait"}}, &dataloader.Options{Workers: workers, OnError: dataloader.Skip})
		ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
		for range l.Epoch(ctx) {
			continue
		}
		cancel()
		if s := l.Stats(); s.Skipped != 0 || s.LastSkipped != nil {
			t.Errorf("%d workers: %+v", workers, s)
		}
	}
}

// If the dataset's Len panics, New returns an error.
func TestLenPanics(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 1} {
		_, err := dataloader.New(background, Numbers.With(config{N: -7}), Collate, &dataloader.Options{Workers: workers})
		if err == nil {
			t.Errorf("%d workers: no error", workers)
		}
		t.Log(err)
	}
}
