// The pool reads the page of a journal that may be written meanwhile, and looks afterwards whether it was. Between processes the
// race detector does not see that; in one process, as in these tests, it would complain.

//go:build !race

package pool

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// together runs a test in the time of testing/synctest, with a pool of honest workers that have a journal. The pool has
// learned that sleepy is quick. At the end nothing may be left of the submissions.
func together(t *testing.T, workers int, test func(t *testing.T, p *Pool)) {
	synctest.Test(t, func(t *testing.T) {
		p := openJournal(t, workers, honest)
		futures := submitAll(t.Context(), p, make([]time.Duration, 1000))
		if _, err := WaitAll(t.Context(), futures...); err != nil {
			t.Fatal(err)
		}
		test(t, p)
		if err := p.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		nothingLeft(t, p)
	})
}

func openJournal(t *testing.T, workers int, plays ...func(*stage)) *Pool {
	p := newPool()
	p.backend, p.opts = &actor{plays: plays, newLink: link.NewInProcessJournal, delay: time.Second}, Options{Workers: workers, KillDelay: time.Second}
	begin(t, p)
	return p
}

func nothingLeft(t *testing.T, p *Pool) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.batches {
		if len(b.blocks) > 0 || b.marked != 0 || b.watch != nil || len(b.call.tries) > 0 || len(b.call.lost) > 0 || b.call.open != 0 {
			t.Errorf("left: %d blocks, %d marked, watch %v, %d tries, %d lost, %d open",
				len(b.blocks), b.marked, b.watch, len(b.call.tries), len(b.call.lost), b.call.open)
		}
	}
	if len(p.calls) > 0 {
		t.Errorf("%d calls are left", len(p.calls))
	}
}

func submitAll(ctx context.Context, p *Pool, durations []time.Duration) (futures []*Future[time.Duration]) {
	for _, d := range durations {
		futures = append(futures, Submit(ctx, p, sleepy, d))
	}
	return futures
}

// No call waits for a slow call, whether it travels before or behind the slow one in the same message.
func TestSlowCallAmongQuickOnes(t *testing.T) {
	for _, slow := range []int{0, 1, 7, 100, 250, 498, 499} {
		together(t, 2, func(t *testing.T, p *Pool) {
			start := time.Now()
			durations := make([]time.Duration, 500)
			durations[slow] = time.Hour
			futures := submitAll(t.Context(), p, durations)
			for i, f := range futures {
				if i != slow {
					if _, err := f.Wait(t.Context()); err != nil {
						t.Errorf("%d: %v", i, err)
					}
				}
			}
			if took := time.Since(start); took > 3*rescueEvery {
				t.Errorf("slow %d: the quick ones waited %v", slow, took)
			}
			synctest.Wait()
			if s := futures[slow].String(); s != "<Future func='pool.sleepy' running>" {
				t.Error(s)
			}
			if d, err := futures[slow].Wait(t.Context()); d != time.Hour || err != nil || time.Since(start) != time.Hour {
				t.Errorf("%v, %v after %v", d, err, time.Since(start))
			}
		})
	}
}

// A call can be cancelled wherever it is, and ends at once if it has not begun. The other calls go on, and no worker is killed.
func TestCancelOneOfMany(t *testing.T) {
	for _, wait := range []time.Duration{0, rescueEvery / 2, 10 * rescueEvery} {
		together(t, 1, func(t *testing.T, p *Pool) {
			durations := make([]time.Duration, 300)
			durations[100] = time.Hour
			futures := submitAll(t.Context(), p, durations)
			time.Sleep(wait)
			start := time.Now()
			for i, f := range futures {
				if i%3 == 2 && i > 110 {
					f.Cancel()
				}
			}
			synctest.Wait() // one that is just being encoded ends a moment later
			for i, f := range futures {
				if i%3 == 2 && i > 110 && !f.finished() {
					t.Errorf("%d is %v although it had not begun", i, f)
				}
			}
			if n := runtime.NumGoroutine(); time.Since(start) != 0 || n > 100 {
				t.Errorf("to cancel took %v, and %d goroutines", time.Since(start), n)
			}
			futures[100].Cancel()
			for i, f := range futures {
				_, err := f.Wait(t.Context())
				if cancelled := i == 100 || i%3 == 2 && i > 110; cancelled != errors.Is(err, context.Canceled) || !cancelled && err != nil {
					t.Errorf("%d: %v", i, err)
				}
			}
			if s := p.Stats(); s.Started != 1 || s.Killed+s.Died > 0 {
				t.Errorf("%+v", s.Counts)
			}
		})
	}
}

// A ctx that ends cancels its own calls and no others.
func TestContextsOfABatch(t *testing.T) {
	together(t, 2, func(t *testing.T, p *Pool) {
		short, cancel := context.WithCancelCause(t.Context())
		long, end := context.WithCancel(t.Context())
		defer end()
		var theirs, ours []*Future[time.Duration]
		for range 20 {
			theirs = append(theirs, submitAll(short, p, []time.Duration{time.Minute, time.Minute})...)
			ours = append(ours, Submit(long, p, sleepy, time.Second))
		}
		time.Sleep(time.Minute)
		why := errors.New("no more of this")
		cancel(why)
		for i, f := range theirs {
			if _, err := f.Wait(t.Context()); i >= 4 && (!errors.Is(err, why) || !errors.Is(err, context.Canceled)) {
				t.Errorf("%d: %v", i, err)
			}
		}
		if _, err := WaitAll(t.Context(), ours...); err != nil {
			t.Error(err)
		}
		if _, err := Submit(short, p, sleepy, 0).Wait(t.Context()); !errors.Is(err, why) {
			t.Errorf("a ctx that was over: %v", err)
		}
	})
}

// Close ends all submissions of a batch, whatever their state.
func TestCloseEndsABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openJournal(t, 2, honest)
		futures := submitAll(t.Context(), p, make([]time.Duration, 300))
		WaitAll(t.Context(), futures...)
		durations := make([]time.Duration, 300)
		for i := 100; i < 300; i++ {
			durations[i] = time.Hour
		}
		futures = submitAll(t.Context(), p, durations)
		synctest.Wait()
		p.Close()
		for i, f := range futures {
			if _, err := f.Wait(t.Context()); !f.finished() || err != nil && !errors.Is(err, spawn.ErrClosed) || i > 250 && err == nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		nothingLeft(t, p)
	})
}

// The pool ends a worker that skips an item that was not taken back, or that does not exist. No call is lost by that.
func TestHostileSkips(t *testing.T) {
	skip := func(by uint64) func(*stage) {
		return func(s *stage) {
			id, _ := s.task()
			s.link.Send(link.Msg{Kind: kindSkipped, ID: id + by})
			s.link.Recv()
		}
	}
	synctest.Test(t, func(t *testing.T) {
		p := openJournal(t, 1, skip(0), skip(1<<63), honest)
		defer p.Close()
		if d, err := Submit(t.Context(), p, sleepy, time.Second).Wait(t.Context()); d != time.Second || err != nil {
			t.Error(d, err)
		}
		if n := p.Stats().Started; n != 3 {
			t.Errorf("%d workers", n)
		}
	})
}

// When the pool begins to end while the only submission of a worker is being taken back, the other submissions still end with
// the pool.
func TestRecalledAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openJournal(t, 1, func(s *stage) { // the worker begins nothing
			s.task()
			for {
				if _, err := s.link.Recv(); err != nil {
					return
				}
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		first := Submit(t.Context(), p, sleepy, time.Second)
		synctest.Wait()
		second := Submit(t.Context(), p, sleepy, time.Second)
		p.mu.Lock()
		var b *batch
		for _, b = range p.batches {
		}
		b.at(0).stopped = context.Canceled // as first.Cancel does, which then calls recall (below)
		b.marked++
		p.mu.Unlock()
		p.end(closedError())
		b.recall(0, context.Canceled)
		if _, err := first.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if _, err := second.Wait(ctx); !errors.Is(err, spawn.ErrClosed) {
			t.Error(err)
		}
		p.Close()
		nothingLeft(t, p)
	})
}

// A worker that begins an item ends the row of failed starts also if the pool learns of that from the journal alone.
func TestFailuresAreInARowOfRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var plays []func(*stage)
		for range 2 * tooManyFailures {
			plays = append(plays, func(s *stage) { id, _ := s.task(); s.link.Journal().Begin(id) }, func(*stage) {})
		}
		p := openJournal(t, 1, append(plays, honest)...)
		p.opts.CrashRetries = 100
		defer p.Close()
		if d, err := Submit(t.Context(), p, sleepy, time.Second).Wait(t.Context()); d != time.Second || err != nil {
			t.Error(d, err)
		}
	})
}
