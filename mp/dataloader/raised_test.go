package dataloader_test

import (
	"iter"
	"runtime"
	"slices"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// breaking is a sampler that yields some batches and then calls then.
type breaking struct {
	batches int
	then    func()
}

func (s breaking) Batches(int, uint64, int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		for i := range s.batches {
			if !yield([]int{i}) {
				return
			}
		}
		s.then()
	}
}

// After a sampler has panicked, or ended the goroutine, the State is right behind the last batch that the loop has had. No batch
// is lost.
func TestSamplerPanics(t *testing.T) {
	for name, then := range map[string]func(){"panic": func() { panic("sampler") }, "goexit": runtime.Goexit} {
		for _, workers := range []int{0, 2} {
			t.Run(name, func(t *testing.T) {
				leak.Check(t)
				l := newLoader(t, config{N: 20}, &dataloader.Options{Workers: workers, BatchSampler: breaking{8, then}})
				var got [][]int
				ended := make(chan any)
				go func() {
					defer func() { ended <- recover() }()
					for b, err := range l.Epoch(background) {
						if err != nil {
							t.Error(err)
						}
						got = append(got, b.Numbers)
					}
				}()
				if raised := <-ended; (raised == nil) == (name == "panic") {
					t.Errorf("raised: %v", raised)
				}
				if s := l.State(); s.Delivered != len(got) {
					t.Errorf("%d workers: %d batches came, %+v", workers, len(got), s)
				}
				if !slices.EqualFunc(got, chunks(8, 1)[:len(got)], slices.Equal) {
					t.Error(got)
				}
			})
		}
	}
}

// State and Stats, when a sampler calls them, count the batches that the loop has had, and not the one that it is about to get.
func TestStateInASampler(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		var l *dataloader.Loader[batch]
		had, asked := 0, false
		then := func() {
			asked = true
			if s, stats := l.State(), l.Stats(); had == 0 || s.Delivered != had || stats.Batches != had || stats.Samples != had {
				t.Errorf("%d workers: the loop has had %d batches; %+v, %+v", workers, had, s, stats)
			}
		}
		l = newLoader(t, config{N: 20}, &dataloader.Options{Workers: workers, BatchSampler: breaking{8, then}})
		for _, err := range l.Epoch(background) {
			if err != nil {
				t.Error(err)
			}
			had++
		}
		if s := l.Stats(); !asked || had != 8 || s.Batches != 8 || s.Samples != 8 {
			t.Errorf("%d workers: %d batches, %+v", workers, had, s)
		}
	}
}

// After the end of a stream has ended the goroutine with runtime.Goexit, another epoch can run.
func TestGoexitAtTheEnd(t *testing.T) {
	leak.Check(t)
	l := newStream(t, config{N: 6, Open: "goexit at the end"}, &dataloader.Options{})
	for range 2 {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for _, err := range l.Epoch(background) {
				if err != nil {
					t.Error(err)
				}
				break
			}
		}()
		<-ended
	}
}
