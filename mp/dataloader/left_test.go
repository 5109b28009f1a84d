package dataloader_test

import (
	"context"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// Nothing hangs or is left behind, however a loop is left and whenever a ctx ends.
func TestLeftInAnyWay(t *testing.T) {
	leak.Check(t)
	for _, o := range []dataloader.Options{{}, {Workers: 2}, {Workers: 2, Persistent: true, View: true}, {Workers: 3, Prefetch: 1, OnError: dataloader.Skip, Order: dataloader.Unordered()}} {
		l := newLoader(t, config{N: 30, Does: map[int]string{20: "fail"}}, &o)
		for range 4 {
			var wg sync.WaitGroup
			wg.Go(func() {
				for range l.Epoch(background) {
					runtime.Goexit()
				}
			})
			wg.Wait()
			func() {
				defer func() { _ = recover() }()
				for range l.Epoch(background) {
					panic("out of the loop")
				}
			}()
			next, stop := iter.Pull2(l.Epoch(background))
			next()
			next()
			stop()
			ctx, cancel := context.WithTimeout(background, time.Duration(rand.IntN(20))*time.Millisecond)
			for range l.Epoch(ctx) {
				continue
			}
			cancel()
		}
	}
	for range 10 {
		ctx, cancel := context.WithTimeout(background, time.Duration(rand.IntN(40))*time.Millisecond)
		l, err := dataloader.New(ctx, Numbers.With(config{N: 30}), Collate, &dataloader.Options{Workers: 3, Persistent: rand.IntN(2) == 0})
		if err == nil {
			go l.Close()
			for range l.Epoch(background) {
				l.Close()
			}
			l.Close()
		}
		cancel()
	}
}

// An epoch is whole even if there are far more workers than batches.
func TestManyWorkers(t *testing.T) {
	leak.Check(t)
	l := newLoader(t, config{N: 30}, &dataloader.Options{Workers: many(80)})
	want(t, l, chunks(30, 1))
}
