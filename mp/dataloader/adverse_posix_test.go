//go:build !windows

package dataloader_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// starved is a dataset that leaves its process no descriptors before a batch is sent.
type starved struct{ n int }

func (d starved) Len() int { return d.n }

func (d starved) GetBatch(ctx context.Context, indices []int) ([]float32, error) {
	b := dataloader.Alloc[float32](ctx, 1<<16)
	b[0] = float32(indices[0])
	return b, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 3, Max: 1024})
}

type starvedFiles struct{ n int }

func (d starvedFiles) Len() int { return d.n }

func (d starvedFiles) GetBatch(context.Context, []int) (*os.File, error) {
	f, err := os.Open(os.DevNull)
	if err == nil {
		err = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 3, Max: 1024})
	}
	return f, err
}

var (
	Starved = dataloader.RegisterBatch("starved", func(_ context.Context, n int) (dataloader.BatchDataset[[]float32], error) {
		return starved{n}, nil
	})
	StarvedFiles = dataloader.RegisterBatch("starvedFiles", func(_ context.Context, n int) (dataloader.BatchDataset[*os.File], error) {
		return starvedFiles{n}, nil
	})
)

// If a worker has no descriptors left to send a batch with, the epoch ends with an error and does not hang.
func TestNoDescriptors(t *testing.T) {
	leak.Check(t)
	l := open[[]float32](t)(dataloader.NewBatched(background, Starved.With(8), &dataloader.Options{Workers: 2}))
	var last error
	for _, err := range l.Epoch(background) {
		last = err
	}
	if s := sampleError(t, last); s.Batch != 0 {
		t.Errorf("%+v", s)
	}
	t.Log(last)
	last = nil
	f := open[*os.File](t)(dataloader.NewBatched(background, StarvedFiles.With(8), &dataloader.Options{Workers: 2}))
	for b, err := range f.Epoch(background) {
		last = err
		b.Close()
	}
	sampleError(t, last)
}

// If this process has no descriptors left, an epoch whose workers die ends with an error. The next epoch that has descriptors is
// whole.
func TestParentHasNoDescriptors(t *testing.T) {
	leak.Check(t)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	for _, persistent := range []bool{false, true} {
		l := newLoader(t, config{N: 20}, &dataloader.Options{Workers: 2, Persistent: persistent})
		want(t, l, chunks(20, 1))
		few := old
		few.Cur = 10
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range l.Epoch(background) {
			last = err
			for _, c := range mp.ActiveChildren() {
				_ = syscall.Kill(c.Pid(), syscall.SIGKILL)
			}
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
			t.Fatal(err)
		}
		if last == nil {
			t.Error("no error")
		}
		want(t, l, chunks(20, 1))
	}
}

// struckAtTheEnd checks the error of a Close: it may only tell of workers that a signal of this test killed after they had done
// their work.
func struckAtTheEnd(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, err := range err.(interface{ Unwrap() []error }).Unwrap() { // errors.Join
		if exit, died := err.(*mp.ExitError); !died || !exit.Returned || exit.Signal != syscall.SIGKILL && exit.Signal != syscall.SIGSEGV {
			t.Error(err)
		}
	}
}

// The batches are the same, whatever signals the workers get.
func TestSameWhoeverIsKilled(t *testing.T) {
	leak.Check(t)
	reference := newLoader(t, config{N: 60}, &dataloader.Options{BatchSize: 3, Shuffle: true, Seed: 9})
	var epochs [][][]int
	for range 2 {
		got, err := epoch(reference)
		if err != nil {
			t.Fatal(err)
		}
		epochs = append(epochs, got)
	}
	for _, workers := range []int{1, 2, 5} {
		for _, persistent := range []bool{false, true} {
			for _, order := range []dataloader.Order{dataloader.InOrder(), dataloader.Unordered(), dataloader.Window(2)} {
				t.Run(fmt.Sprint(workers, persistent, order), func(t *testing.T) {
					l := newLoader(t, config{N: 60}, &dataloader.Options{
						BatchSize: 3, Shuffle: true, Seed: 9, Workers: workers, Persistent: persistent, Order: order,
						CrashRetries: 1000, Retries: 1000, Prefetch: 1 + workers%3, Timeout: 300 * time.Millisecond, KillDelay: 50 * time.Millisecond,
					})
					up := make(map[int]bool) // by pid: it has sent a batch; Timeout holds only for workers that have come up
					for e, want := range epochs {
						var got [][]int
						for b, err := range l.Epoch(background) {
							if err != nil {
								t.Fatalf("epoch %d: %v", e, err)
							}
							got = append(got, b.Numbers)
							up[b.Pid] = true
							all := mp.ActiveChildren()
							switch rand.IntN(12) {
							case 0:
								for _, c := range all {
									_ = syscall.Kill(c.Pid(), syscall.SIGKILL)
								}
							case 1, 2:
								if len(all) > 0 {
									_ = syscall.Kill(all[rand.IntN(len(all))].Pid(), syscall.SIGKILL)
								}
							case 3:
								all = slices.DeleteFunc(all, func(c *spawn.Child) bool { return !up[c.Pid()] })
								if len(all) > 0 && e == 0 {
									_ = syscall.Kill(all[rand.IntN(len(all))].Pid(), syscall.SIGSTOP)
								}
							case 4:
								if len(all) > 0 {
									_ = syscall.Kill(all[rand.IntN(len(all))].Pid(), syscall.SIGSEGV)
								}
							}
						}
						if order != dataloader.InOrder() {
							by := func(a, b []int) int { return slices.Compare(a, b) }
							slices.SortFunc(got, by)
							want = slices.Clone(want)
							slices.SortFunc(want, by)
						}
						if !slices.EqualFunc(got, want, slices.Equal[[]int]) {
							t.Fatalf("epoch %d: got  %v\nwant %v", e, got, want)
						}
					}
					struckAtTheEnd(t, l.Close())
				})
			}
		}
	}
}
