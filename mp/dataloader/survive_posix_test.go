//go:build !windows

package dataloader_test

import (
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
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// Each batch comes once and in order, whichever workers are killed and when. The test kills up to 30 workers in an epoch. With
// MP_TORTURE the epoch is ten times as long, and the test kills workers until it ends.
func TestKilledAtRandom(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{1, 2, 5} {
		for kind, maker := range map[string]func(testing.TB, config, *dataloader.Options) *dataloader.Loader[batch]{
			"samples": newLoader, "batches": newBatched, "stream": newStream,
		} {
			t.Run(fmt.Sprint(kind, workers), func(t *testing.T) {
				opts := &dataloader.Options{BatchSize: 5, Shuffle: kind != "stream", Seed: 3, Workers: workers, CrashRetries: 1000, Persistent: true}
				c, kills := config{N: 2000}, 30
				if os.Getenv("MP_TORTURE") != "" {
					c.N, kills = 20_000, 20_000
				}
				whole := maker(t, c, opts)
				reference, err := epoch(whole)
				if err != nil {
					t.Fatal(err)
				}
				whole.Close() // so that only workers of l are killed
				l := maker(t, c, opts)
				progress, stopped := make(chan int), make(chan struct{})
				go func() {
					defer close(stopped)
					for range progress { // a kill needs a batch that has come, so the epoch ends
						time.Sleep(rand.N(5 * time.Millisecond))
						if all := mp.ActiveChildren(); len(all) > 0 && kills > 0 {
							_ = syscall.Kill(all[rand.IntN(len(all))].Pid(), syscall.SIGKILL)
							kills--
						}
					}
				}()
				n := 0
				for b, err := range l.Epoch(background) {
					if err != nil || n >= len(reference) || !slices.Equal(b.Numbers, reference[n]) {
						t.Errorf("batch %d: %v, %v", n, b.Numbers, err)
						break
					}
					n++
					select {
					case progress <- n:
					default:
					}
				}
				close(progress)
				<-stopped
				if n != len(reference) {
					t.Errorf("%d batches", n)
				}
				if s := l.Stats(); s.Deaths == 0 {
					t.Error("nobody was killed", s)
				}
			})
		}
	}
}

// A view is whole whichever worker dies, and the memory of dead workers is given up.
func TestKilledWithViews(t *testing.T) {
	leak.Check(t)
	l := open[image](t)(dataloader.NewBatched(background, Images.With(400), &dataloader.Options{
		BatchSize: 2, Workers: 2, View: true, CrashRetries: 1000,
	}))
	n := 0
	for b, err := range l.Epoch(background) {
		if err != nil {
			t.Fatal(err)
		}
		if all := mp.ActiveChildren(); n%7 == 0 && len(all) > 0 {
			_ = syscall.Kill(all[rand.IntN(len(all))].Pid(), syscall.SIGKILL)
		}
		for i, p := range b.Pixels {
			if want := float32(2*n + i/pixels); p != want {
				t.Fatalf("batch %d has %v at %d", n, p, i)
			}
		}
		n++
	}
	if n != 200 {
		t.Errorf("%d batches", n)
	}
	t.Log(l.Stats())
}

// A worker that is frozen is killed after Timeout and KillDelay, and replaced.
func TestFrozen(t *testing.T) {
	leak.Check(t)
	l := newLoader(t, config{N: 40}, &dataloader.Options{
		BatchSize: 2, Workers: 2, Persistent: true, Timeout: time.Second, KillDelay: 20 * time.Millisecond,
	})
	for range 2 {
		if err := prog.Freeze(mp.ActiveChildren()[0].Pid()); err != nil {
			t.Fatal(err)
		}
		want(t, l, chunks(40, 2))
	}
	if s := l.Stats(); s.Deaths != 2 {
		t.Error(s)
	}
}

// When all persistent workers are killed between two epochs, the next epoch is whole.
func TestKilledBetweenEpochs(t *testing.T) {
	leak.Check(t)
	l := newLoader(t, config{N: 40}, &dataloader.Options{BatchSize: 2, Workers: 3, Persistent: true})
	for range 10 {
		want(t, l, chunks(40, 2))
		for _, child := range mp.ActiveChildren() {
			_ = syscall.Kill(child.Pid(), syscall.SIGKILL)
		}
	}
}
