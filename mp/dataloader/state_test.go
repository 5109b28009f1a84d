package dataloader_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A run that is resumed at any batch, with any number of workers, yields the batches that were left.
func TestResume(t *testing.T) {
	leak.Check(t)
	opts := dataloader.Options{BatchSize: 3, Shuffle: true, Seed: 5}
	l := newLoader(t, config{N: 20}, &opts)
	epoch(l)
	second, _ := epoch(l)
	third, _ := epoch(l)
	for at := 0; at < 8; at += step() {
		for _, before := range []int{0, 2} {
			for _, after := range []int{0, 1, 3} {
				t.Run(fmt.Sprint(at, before, after), func(t *testing.T) {
					opts.Workers = before
					state := stateAfter(t, newLoader(t, config{N: 20}, &opts), 1, at)
					opts.Workers, opts.Seed = after, 6 // the seed in the State replaces it
					l := newLoader(t, config{N: 20}, &opts)
					opts.Seed = 5
					if err := l.Restore(state); err != nil {
						t.Fatal(err)
					}
					want(t, l, second[at:])
					want(t, l, third)
					if s := l.State(); s.Epoch != 3 || s.Delivered != 0 {
						t.Errorf("%+v", s)
					}
				})
			}
		}
	}
}

// stateAfter returns the State of l after so many epochs and batches, as JSON gives it back.
func stateAfter(t testing.TB, l *dataloader.Loader[batch], epochs, batches int) (s dataloader.State) {
	t.Helper()
	for range epochs {
		if _, err := epoch(l); err != nil {
			t.Fatal(err)
		}
	}
	state := l.State()
	n := 0
	for _, err := range l.Epoch(background) {
		if err != nil {
			t.Fatal(err)
		}
		if n == batches {
			break
		}
		n++
		state = l.State()
	}
	text, err := json.Marshal(state)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestResumeStream(t *testing.T) {
	leak.Check(t)
	opts := &dataloader.Options{BatchSize: 3, Workers: 3}
	all, err := epoch(newStream(t, config{N: 31}, opts))
	if err != nil {
		t.Fatal(err)
	}
	for at := 1; at < len(all); at += step() {
		state := stateAfter(t, newStream(t, config{N: 31}, opts), 0, at)
		l := newStream(t, config{N: 31}, opts)
		if err := l.Restore(state); err != nil {
			t.Fatal(err)
		}
		want(t, l, all[at:])
		other := newStream(t, config{N: 31}, &dataloader.Options{BatchSize: 3, Workers: 2})
		if err := other.Restore(state); err == nil {
			t.Error("another number of workers is no error")
		}
	}
}

// With Unordered, a batch that was yielded ahead of its turn is not yielded again after Restore.
func TestResumeUnordered(t *testing.T) {
	leak.Check(t)
	opts := &dataloader.Options{BatchSize: 2, Workers: 2, Order: dataloader.Unordered()}
	c := config{N: 20, Does: map[int]string{3: "slow"}}
	for at := 1; at < 10; at++ {
		l := newLoader(t, c, opts)
		var got []int
		n := 0
		for b, err := range l.Epoch(background) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, b.Numbers...)
			if n++; n == at {
				break
			}
		}
		state := l.State()
		l = newLoader(t, c, opts)
		if err := l.Restore(state); err != nil {
			t.Fatal(err)
		}
		rest, err := epoch(l)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, slices.Concat(rest...)...)
		if slices.Sort(got); !slices.Equal(got, slices.Concat(chunks(20, 2)...)) {
			t.Errorf("at %d: %v, state %+v", at, got, state)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	leak.Check(t)
	l := newLoader(t, config{N: 20}, &dataloader.Options{BatchSize: 2})
	good := l.State()
	for _, change := range []func(*dataloader.State){
		func(s *dataloader.State) { s.Len++ },
		func(s *dataloader.State) { s.BatchSize++ },
		func(s *dataloader.State) { s.Delivered = -1 },
		func(s *dataloader.State) { s.Epoch = -1 },
		func(s *dataloader.State) { s.Turn = -1 },
		func(s *dataloader.State) { s.Delivered = 11 },
		func(s *dataloader.State) { s.Shares = make([]dataloader.Share, 2) },
	} {
		s := good
		change(&s)
		if err := l.Restore(s); err == nil {
			t.Errorf("%+v is restored", s)
		}
	}
	for range l.Epoch(background) {
		if err := l.Restore(good); !errors.Is(err, dataloader.ErrBusy) {
			t.Error(err)
		}
		break
	}
	s := newStream(t, config{N: 20}, &dataloader.Options{BatchSize: 2, Workers: 2})
	state := stateAfter(t, s, 0, 3)
	if err := newStream(t, config{N: 20}, &dataloader.Options{BatchSize: 2, Workers: 3}).Restore(state); err == nil {
		t.Error("the shares of two are restored for three")
	}
	state.Shares[1].Yielded = -2
	if err := s.Restore(state); err == nil {
		t.Error("a share of less than nothing is restored")
	}
	state.Shares = nil
	if err := s.Restore(state); err == nil {
		t.Error("a stream is restored without its shares")
	}
}

// A State in the middle of an epoch is refused by a loader with another sampler. A State at the beginning of an epoch is not.
func TestRestoreRefusesAnotherOrder(t *testing.T) {
	leak.Check(t)
	c := config{N: 20}
	shuffled := &dataloader.Options{BatchSize: 3, Shuffle: true}
	within, between := stateAfter(t, newLoader(t, c, shuffled), 1, 2), stateAfter(t, newLoader(t, c, shuffled), 1, 0)
	for _, o := range []struct {
		opts dataloader.Options
		says string // "": it is the same order
	}{
		{dataloader.Options{Shuffle: true}, ""},
		{dataloader.Options{Sampler: dataloader.Shuffled()}, ""},
		{dataloader.Options{}, "sequential"},
		{dataloader.Options{Shuffle: true, DropLast: true}, "without a short one"},
		{dataloader.Options{Sampler: dataloader.Subset([]int{0, 1, 2, 3, 4, 5, 6}, true)}, "subset"},
		{dataloader.Options{Sampler: dataloader.Shard(dataloader.Shuffled(), 0, 1, false)}, "shard of shuffled"},
	} {
		o.opts.BatchSize = 3
		l := newLoader(t, c, &o.opts)
		if err := l.Restore(between); err != nil {
			t.Error(err)
		}
		switch err := l.Restore(within); {
		case o.says == "" && err != nil:
			t.Error(err)
		case o.says != "" && (err == nil || !strings.Contains(err.Error(), o.says) || !strings.Contains(err.Error(), "shuffled")):
			t.Errorf("%+v: %v", o.opts, err)
		}
	}
}

// step is the distance between the positions that a test tries: 1, or 3 where processes are slow.
func step() int {
	if many(2) == 1 {
		return 3
	}
	return 1
}
