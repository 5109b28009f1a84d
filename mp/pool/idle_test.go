package pool

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// The tests in this file are about workers that leave, and work that comes meanwhile. They run in the time of testing/synctest.

// Workers leave after the IdleTimeout, not before, and as many come back as there is work for.
func TestIdleWorkersLeaveAndComeBack(t *testing.T) {
	inBubble(t, Options{Workers: 3, IdleTimeout: time.Second}, func(t *testing.T, p *Pool) {
		for range 5 {
			time.Sleep(time.Second - time.Nanosecond)
			synctest.Wait()
			if n := len(p.Stats().Workers); n != 3 {
				t.Fatalf("%d workers before their time", n)
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if n := len(p.Stats().Workers); n != 0 {
				t.Fatalf("%d workers after their time", n)
			}
			begin := time.Now()
			if n, err := Apply(t.Context(), p, echo, 1); n != 1 || err != nil {
				t.Error(n, err)
			}
			if n := len(p.Stats().Workers); n != 1 {
				t.Errorf("%d workers for one item", n)
			}
			if _, err := Map(t.Context(), p, sleepy, slices.Repeat([]time.Duration{time.Minute}, 3)); err != nil {
				t.Error(err)
			}
			if took := time.Since(begin); took != time.Minute {
				t.Errorf("three workers were wanted; it took %v", took)
			}
		}
	})
}

// Work that comes at the moment when workers leave is done by other workers at once.
func TestWorkMeetsLeavingWorkers(t *testing.T) {
	inBubble(t, Options{Workers: 2, IdleTimeout: time.Second}, func(t *testing.T, p *Pool) {
		for i := range 200 {
			begin := time.Now()
			if got, err := Map(t.Context(), p, echo, []int{i, i + 1, i + 2}, ChunkSize(1+i%2)); err != nil || got[2] != i+2 {
				t.Fatal(got, err)
			}
			if took := time.Since(begin); took != 0 {
				t.Fatalf("round %d waited %v", i, took)
			}
			time.Sleep(time.Second + time.Duration(i%3-1)) // just before, just when, and just after they leave
		}
	})
}

// A worker that is busy with one item for longer than IdleTimeout does not leave.
func TestBusyWorkersDoNotLeave(t *testing.T) {
	inBubble(t, Options{Workers: 1, IdleTimeout: time.Second}, func(t *testing.T, p *Pool) {
		if _, err := Map(t.Context(), p, sleepy, slices.Repeat([]time.Duration{10 * time.Second}, 3)); err != nil {
			t.Error(err)
		}
		if s := p.Stats(); s.Started != 1 || s.Recycled != 0 {
			t.Errorf("%+v", s.Counts)
		}
	})
}

// Workers are replaced after MaxTasksPerWorker items, whatever the size of the chunks, and no item waits for that.
func TestMaxTasksInChunks(t *testing.T) {
	for _, most := range []int{1, 2, 3, 7} {
		inBubble(t, Options{Workers: 2, MaxTasksPerWorker: most}, func(t *testing.T, p *Pool) {
			begin := time.Now()
			for _, opts := range [][]CallOption{nil, {ChunkSize(1)}, {ChunkSize(5)}, {ChunkSize(100)}} {
				got, err := Map(t.Context(), p, echo, slices.Repeat([]int{4}, 100), opts...)
				if err != nil || !slices.Equal(got, slices.Repeat([]int{4}, 100)) {
					t.Error(got, err)
				}
			}
			synctest.Wait()
			if s := p.Stats(); s.Recycled < 400/most-2 || len(s.Workers) != 2 || time.Since(begin) != 0 {
				t.Errorf("%d tasks each: %+v after %v", most, s, time.Since(begin))
			}
		})
	}
}

// An item that kills every worker is quarantined once its CrashRetries are used up. The other items of its chunk are not.
func TestQuarantineInAChunk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poisoned := func(s *stage) { // a worker that dies of item 3, wherever that is in its chunk
			s.link.Send(link.Msg{Kind: kindReady})
			for {
				first, h, items := s.chunk()
				if h.count == 0 {
					return
				}
				s.started(first)
				for i, n := range items {
					if n == 30 {
						return
					}
					next := first + uint64(i) + 1
					if i == len(items)-1 {
						next = 0
					}
					s.answer(first+uint64(i), next, n)
				}
			}
		}
		p := newPool()
		p.backend, p.opts = &actor{plays: []func(*stage){poisoned}}, Options{Workers: 1, CrashRetries: 2}
		begin(t, p)
		defer p.Close()
		got, err := Map(t.Context(), p, echo, []int{0, 10, 20, 30, 40, 50}, ChunkSize(6), KeepGoing())
		var exit *spawn.ExitError
		if !errors.Is(err, ErrQuarantined) || !errors.As(err, &exit) || exit.Index != 3 || !slices.Equal(got, []int{0, 10, 20, 0, 40, 50}) {
			t.Errorf("%v, %v", got, err)
		}
		if s := p.Stats(); s.Died != 3 || s.Retried != 2 || s.Quarantined != 1 {
			t.Errorf("%+v", s.Counts)
		}
	})
}

var heavy atomic.Int64

// late, when it is true, takes time to encode, and then fails.
type late bool

func (l late) MarshalBinary() ([]byte, error) {
	if l {
		time.Sleep(5 * time.Millisecond)
		return nil, errors.New("it is too late")
	}
	return nil, nil
}

func (l *late) UnmarshalBinary([]byte) error { return nil }

var fatten = spawn.Register("pool.fatten", func(_ context.Context, _ late) (int, error) {
	time.Sleep(time.Millisecond)
	heavy.Store(2 << 20)
	return 1, nil
})

// A worker that must leave does so even if the pool is just encoding an item for it, which then cannot be sent.
func TestLeavingWhileSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heavy.Store(0)
		p := newPool()
		p.backend, p.opts = &actor{plays: []func(*stage){honest}, memory: &heavy}, Options{Workers: 1, MaxMemoryPerWorker: 1 << 20}
		begin(t, p)
		defer p.Close()
		n := 0
		for _, err := range IMap(t.Context(), p, fatten, func(yield func(late) bool) {
			yield(false) // the pool learns that these are quick, and looks at the memory
			time.Sleep(20 * time.Millisecond)
			heavy.Store(0)
			yield(false)
			yield(true) // while this item is encoded, the worker answers the one before
		}) {
			if n++; (err != nil) != (n == 3) {
				t.Errorf("item %d: %v", n, err)
			}
		}
		heavy.Store(0)
		if _, err := Apply(t.Context(), p, echo, 1, Timeout(time.Minute)); err != nil {
			t.Error(err)
		}
	})
}

// When an item could not be sent to a worker, the worker still leaves after the IdleTimeout.
func TestIdleAfterWhatCannotBeSent(t *testing.T) {
	closed, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	inBubble(t, Options{Workers: 1, IdleTimeout: time.Second}, func(t *testing.T, p *Pool) {
		if _, err := Map(t.Context(), p, discard, []*os.File{closed}); !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := len(p.Stats().Workers); n != 0 {
			t.Errorf("%d workers are there for ever", n)
		}
	})
}

var discard = spawn.Register("pool.discard", func(_ context.Context, f *os.File) (int, error) { return 0, f.Close() })
