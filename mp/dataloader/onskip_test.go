package dataloader_test

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// OnSkip is called before the batch that lacks the sample counts as delivered. A run that resumes from the State in OnSkip, or
// from that after a panic of OnSkip, gets the batch.
func TestOnSkipComesBefore(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		for _, panics := range []bool{false, true} {
			var l *dataloader.Loader[batch]
			var state dataloader.State
			opts := &dataloader.Options{BatchSize: 4, Workers: workers, OnError: dataloader.Skip, OnSkip: func(*dataloader.SampleError) {
				state = l.State()
				if panics {
					panic("OnSkip")
				}
			}}
			l = newLoader(t, config{N: 20, Does: map[int]string{9: "fail"}}, opts)
			func() {
				defer func() { _ = recover() }()
				epoch(l)
			}()
			if panics {
				state = l.State()
			}
			opts.OnSkip = nil
			l = newLoader(t, config{N: 20, Does: map[int]string{9: "fail"}}, opts)
			if err := l.Restore(state); err != nil {
				t.Fatal(err)
			}
			want(t, l, chunks(20, 4, 9)[2:])
		}
	}
}
