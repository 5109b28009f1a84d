package dataloader_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// Each worker yields its share of a stream, and the workers' batches come in turn.
func TestStream(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 1, 2, 3} {
		for _, dropLast := range []bool{false, true} {
			t.Run(fmt.Sprint(workers, dropLast), func(t *testing.T) {
				l := newStream(t, config{N: 23}, &dataloader.Options{BatchSize: 4, Workers: workers, DropLast: dropLast})
				if l.Len() != -1 {
					t.Errorf("Len is %d", l.Len())
				}
				shares := make([][][]int, max(workers, 1))
				var all [][]int
				for id := range shares {
					var share []int
					for i := id; i < 23; i += len(shares) {
						share = append(share, i)
					}
					shares[id] = slices.Collect(slices.Chunk(share, 4))
				}
				for k := range 6 {
					for _, s := range shares {
						if k < len(s) && (len(s[k]) == 4 || !dropLast) {
							all = append(all, s[k])
						}
					}
				}
				want(t, l, all)
				want(t, l, all)
			})
		}
	}
}

func TestStreamFaults(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		opts := &dataloader.Options{BatchSize: 4, Workers: workers, OnError: dataloader.Skip}
		l := newStream(t, config{N: 8, Does: map[int]string{2: "fail"}}, opts)
		all := map[int][][]int{0: {{0, 1, 3}, {4, 5, 6, 7}}, 2: {{0, 4, 6}, {1, 3, 5, 7}}}[workers]
		want(t, l, all)
		l = newStream(t, config{N: 8, Does: map[int]string{2: "panic"}}, opts)
		_, err := epoch(l)
		sampleError(t, err)
		t.Log(err)
	}
	c := config{N: 40, Does: map[int]string{0: "once die", 11: "once die", 22: "once exit"}, Dir: prog.TempDir(t)}
	reference, err := epoch(newStream(t, config{N: 40}, &dataloader.Options{BatchSize: 4, Workers: 2}))
	if err != nil {
		t.Fatal(err)
	}
	want(t, newStream(t, c, &dataloader.Options{BatchSize: 4, Workers: 2}), reference)
	_, err = epoch(newStream(t, config{N: 40, Does: map[int]string{11: "die"}}, &dataloader.Options{BatchSize: 4, Workers: 2, OnError: dataloader.Skip}))
	if s := sampleError(t, err); s.Index != -1 {
		t.Errorf("%+v", s)
	}
	t.Log(err)
}

// A panic of Iterate ends the epoch with a RemoteError that has the panic, and ends neither the worker nor the program.
func TestIteratePanics(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 1} {
		l := newStream(t, config{N: 8, Open: "panic in Iterate"}, &dataloader.Options{Workers: workers, Retries: 1})
		for range 2 {
			_, err := epoch(l)
			var remote *mp.RemoteError
			if sampleError(t, err); !errors.As(err, &remote) || !remote.Panic || remote.Message != "Iterate" || !strings.Contains(remote.Stack, "Iterate") {
				t.Errorf("%d workers: %v", workers, err)
			}
		}
		if s := l.Stats(); s.Deaths != 0 {
			t.Errorf("%+v", s)
		}
	}
}

// A worker that begins a stream anew gets time beyond Timeout for the samples that it passes by.
func TestStreamPassesInTime(t *testing.T) {
	leak.Check(t)
	// The samples are slow only in the worker that passes them by.
	c := config{N: 72, Each: 20 * time.Millisecond, EachAfter: "70", Does: map[int]string{70: "once die"}, Dir: prog.TempDir(t)}
	l := newStream(t, c, &dataloader.Options{BatchSize: 2, Workers: 1, Timeout: time.Second, KillDelay: 50 * time.Millisecond})
	want(t, l, chunks(72, 2))
}

// patient is a stream in this process that closes waits, and then waits for the end of its ctx.
type patient struct{ waits chan struct{} }

func (p patient) Iterate(ctx context.Context) iter.Seq2[int, error] {
	return func(func(int, error) bool) {
		close(p.waits)
		<-ctx.Done()
	}
}

var (
	waits   chan struct{} // closed when the stream of Patient waits
	Patient = dataloader.RegisterIterable("patient", func(context.Context, int) (dataloader.IterableDataset[int], error) {
		return patient{waits}, nil
	})
)

// When the ctx of Epoch ends, so does the ctx of Iterate, even while a restored stream passes by what was yielded before.
func TestStreamIsEndedWhileItPasses(t *testing.T) {
	leak.Check(t)
	waits = make(chan struct{})
	l := open[batch](t)(dataloader.New(background, Patient.With(0), Collate, nil))
	if err := l.Restore(dataloader.State{Len: -1, BatchSize: 1, Delivered: 1, Shares: []dataloader.Share{{Yielded: 1}}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(background)
	go func() {
		<-waits
		cancel()
	}()
	var last error
	for _, err := range l.Epoch(ctx) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Error(last)
	}
}

var attempts int

// Moody panics for each batch with sample 8, and fails for a batch with sample 4 at the first two of three attempts.
var Moody = mp.Register("moody", func(ctx context.Context, samples []int) (batch, error) {
	if slices.Contains(samples, 8) {
		panic("8")
	}
	if slices.Contains(samples, 4) {
		if attempts++; attempts%3 != 0 {
			return batch{}, errUnlucky
		}
	}
	return batch{Numbers: samples}, nil
})

// A collate function that fails is retried. With Skip, a batch that it cannot make is left out, and the worker goes on after it.
func TestStreamCollateFails(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		var told []*dataloader.SampleError
		opts := &dataloader.Options{
			BatchSize: 2, Workers: workers, Retries: 2, OnError: dataloader.Skip,
			OnSkip: func(e *dataloader.SampleError) { told = append(told, e) },
		}
		l := open[batch](t)(dataloader.New(background, Stream.With(config{N: 13, Does: map[int]string{10: "fail"}}), Moody, opts))
		want(t, l, map[int][][]int{
			0: {{0, 1}, {2, 3}, {4, 5}, {6, 7}, {11}, {12}},
			2: {{0, 2}, {1, 3}, {4, 6}, {5, 7}, {9, 11}, {12}},
		}[workers])
		if len(told) != 2 {
			t.Fatalf("%d workers: %v", workers, told)
		}
		if e := told[workers/2]; e.Index != -1 || e.Batch != 4 || e.Attempts != 3 || !strings.Contains(e.Error(), "moody panicked") {
			t.Errorf("%d workers: %v", workers, e)
		}
		if skipped := l.Stats().Skipped; skipped != map[int]int{0: 3, 2: 2}[workers] {
			t.Errorf("%d workers: %d are left out", workers, skipped)
		}
		opts.OnError = dataloader.Fail
		l = open[batch](t)(dataloader.New(background, Stream.With(config{N: 13}), Moody, opts))
		got, err := epoch(l)
		if s := sampleError(t, err); len(got) != 4 || s.Batch != 4 || s.Attempts != 3 {
			t.Errorf("%d workers: %v, %v", workers, got, err)
		}
	}
}
