//go:build !windows

package dataloader_test

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// Whoever is killed at whatever moment, each batch comes once and in order.
func TestKilledAtRandom(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{1, 2, 5} {
		for _, kind := range []string{"samples", "batches", "stream"} {
			t.Run(fmt.Sprint(kind, workers), func(t *testing.T) {
				opts := &dataloader.Options{BatchSize: 5, Shuffle: kind != "stream", Seed: 3, Workers: workers, CrashRetries: 1000, Persistent: true}
				c := config{N: 1000, Each: 100 * time.Microsecond}
				if kind == "stream" { // every worker begins anew
					c = config{N: 20000}
				}
				maker := map[string]func(testing.TB, config, *dataloader.Options) *dataloader.Loader[batch]{
					"samples": newLoader, "batches": newBatched, "stream": newStream,
				}[kind]
				reference, err := epoch(maker(t, c, opts))
				if err != nil {
					t.Fatal(err)
				}
				l := maker(t, c, opts)
				stop, stopped := make(chan struct{}), make(chan struct{})
				go func() {
					defer close(stopped)
					for {
						select {
						case <-stop:
							return
						case <-time.After(time.Duration(rand.IntN(40)) * time.Millisecond):
						}
						if all := mp.ActiveChildren(); len(all) > 0 {
							syscall.Kill(all[rand.IntN(len(all))].Pid(), syscall.SIGKILL)
						}
					}
				}()
				defer func() {
					close(stop)
					<-stopped
					t.Log(l.Stats())
				}()
				want(t, l, reference)
			})
		}
	}
}
