package pool

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

var (
	errOdd = errors.New("odd")
	// fallible takes a second; an odd number fails.
	fallible = spawn.Register("pool.fallible", func(ctx context.Context, n int) (int, error) {
		if _, err := sleep(ctx, time.Second); err != nil {
			return 0, err
		}
		if n%2 == 1 {
			return 0, errOdd
		}
		return n, nil
	})
	// attempts counts the calls of insecure, of which the first two fail. The workers are goroutines, which share it.
	attempts atomic.Int64
	insecure = spawn.Register("pool.insecure", func(context.Context, int) (int, error) {
		if attempts.Add(1) <= 2 {
			return 0, errOdd
		}
		return 0, nil
	})
)

func init() { spawn.RegisterError("pool.odd", errOdd) }

// reports collects the reports of a call.
type reports []Progress

func (r *reports) add(p Progress) { *r = append(*r, p) }

// last is the last report without its times.
func (r reports) last() Progress {
	if len(r) == 0 {
		return Progress{Done: -1}
	}
	p := r[len(r)-1]
	return Progress{Done: p.Done, Failed: p.Failed, Total: p.Total}
}

// drain runs a loop to its end, or until stop.
func drain[R any](results iter.Seq2[R, error], stop int) (n int, last error) {
	for _, last = range results {
		if n++; n == stop {
			break
		}
	}
	return n, last
}

func TestProgressOfMap(t *testing.T) {
	inBubble(t, Options{Workers: 2}, func(t *testing.T, p *Pool) {
		var r reports
		if _, err := Map(t.Context(), p, sleepy, slices.Repeat([]time.Duration{time.Second}, 10), OnProgress(r.add)); err != nil {
			t.Error(err)
		}
		if r.last() != (Progress{10, 0, 10, 0, 0}) || len(r) < 49 || len(r) > 51 { // 5 s
			t.Errorf("%d reports, the last %+v", len(r), r.last())
		}
		for i, now := range r[:len(r)-1] {
			if now.Elapsed != time.Duration(i+1)*progressInterval || now.Done != 2*int(now.Elapsed/time.Second) && now.Elapsed%time.Second != 0 {
				t.Errorf("report %d: %+v", i, now)
			}
		}
		middle := r[24] // at 2.5 s
		if middle.Rate != 4/2.5 || middle.Fraction() != 0.4 || middle.Left().Round(time.Millisecond) != 3750*time.Millisecond {
			t.Errorf("%+v, %v, %v left", middle, middle.Fraction(), middle.Left())
		}
	})
}

func TestProgressOfFailures(t *testing.T) {
	numbers := []int{0, 1, 2, 3, 4, 5, 6}
	inBubble(t, Options{Workers: 1}, func(t *testing.T, p *Pool) {
		var r reports
		if _, err := Map(t.Context(), p, fallible, numbers, KeepGoing(), OnProgress(r.add)); err == nil || r.last() != (Progress{7, 3, 7, 0, 0}) {
			t.Errorf("KeepGoing: %+v, %v", r.last(), err)
		}
		r = nil
		if _, err := Map(t.Context(), p, fallible, numbers, OnProgress(r.add)); !errors.Is(err, errOdd) || r.last() != (Progress{2, 1, 7, 0, 0}) {
			t.Errorf("it stops at the first: %+v, %v", r.last(), err)
		}
		r = nil
		n, err := drain(IMap(t.Context(), p, fallible, slices.Values(numbers), OnProgress(r.add)), 0)
		if n != 7 || err != nil || r.last() != (Progress{7, 3, 7, 0, 0}) {
			t.Errorf("IMap: %+v, %v", r.last(), err)
		}
		r = nil
		attempts.Store(0)
		if _, err := Map(t.Context(), p, insecure, numbers, Retries(2), OnProgress(r.add)); err != nil || r.last() != (Progress{7, 0, 7, 0, 0}) {
			t.Errorf("an item that is run again counts once: %+v, %v", r.last(), err)
		}
	})
}

// There is a last report however the call ends, and items that were cut short do not count in it.
func TestProgressOfAnEnd(t *testing.T) {
	inBubble(t, Options{Workers: 2}, func(t *testing.T, p *Pool) {
		items := slices.Repeat([]time.Duration{time.Second}, 20)
		endless := func(yield func(time.Duration) bool) {
			for yield(time.Second) {
			}
		}
		for name, c := range map[string]struct {
			run  func(ctx context.Context, opt CallOption) error
			want Progress
		}{
			"Map": {func(ctx context.Context, opt CallOption) error {
				_, err := Map(ctx, p, sleepy, items, opt)
				return err
			}, Progress{4, 0, 20, 0, 0}},
			"Map that keeps going": {func(ctx context.Context, opt CallOption) error {
				_, err := Map(ctx, p, sleepy, items, opt, KeepGoing())
				return err
			}, Progress{4, 0, 20, 0, 0}},
			"IMap": {func(ctx context.Context, opt CallOption) error {
				_, err := drain(IMap(ctx, p, sleepy, slices.Values(items), opt), 0)
				return err
			}, Progress{4, 0, 20, 0, 0}},
			"IMapUnordered, endless": {func(ctx context.Context, opt CallOption) error {
				_, err := drain(IMapUnordered(ctx, p, sleepy, endless, opt), 0)
				return err
			}, Progress{4, 0, -1, 0, 0}},
			"a loop that is left": {func(ctx context.Context, opt CallOption) error {
				_, err := drain(IMap(ctx, p, sleepy, endless, opt), 4)
				if err == nil {
					err = context.Canceled
				}
				return err
			}, Progress{4, 0, -1, 0, 0}},
			"no items": {func(ctx context.Context, opt CallOption) error {
				_, err := Map(ctx, p, sleepy, nil, opt)
				if err == nil {
					err = context.Canceled
				}
				return err
			}, Progress{0, 0, 0, 0, 0}},
		} {
			// A cancel, not a deadline: the workers would have that, too, and on which side it comes first is left to chance.
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(2500*time.Millisecond, cancel)
			var r reports
			if err := c.run(ctx, OnProgress(r.add)); !errors.Is(err, context.Canceled) || r.last() != c.want {
				t.Errorf("%s: %+v, %v", name, r.last(), err)
			}
			cancel()
		}
	})
}

// A slow function of OnProgress holds up only the end of the call, and the reports that it misses are not made up for.
func TestSlowProgress(t *testing.T) {
	inBubble(t, Options{Workers: 1}, func(t *testing.T, p *Pool) {
		start, calls := time.Now(), 0
		var ended time.Time
		slow := func(now Progress) {
			if !ended.IsZero() && time.Since(ended) < progressInterval && now.Done < 10 {
				t.Errorf("called again after %v", time.Since(ended))
			}
			calls++
			time.Sleep(3 * time.Second)
			ended = time.Now()
		}
		if _, err := Map(t.Context(), p, sleepy, slices.Repeat([]time.Duration{time.Second}, 10), OnProgress(slow)); err != nil {
			t.Error(err)
		}
		// The calls begin after 0.1, 3.2, 6.3 and 9.4 s, the last one after 12.4 s.
		if took := time.Since(start); calls != 5 || took != 15400*time.Millisecond {
			t.Errorf("%d calls, %v", calls, took)
		}
	})
}

// A panic of the function of OnProgress reaches the caller, and the items of the call do not go on.
func TestPanickingProgress(t *testing.T) {
	inBubble(t, Options{Workers: 1}, func(t *testing.T, p *Pool) {
		items := slices.Repeat([]time.Duration{time.Second}, 10)
		unlucky := OnProgress(func(now Progress) {
			if now.Done == 2 {
				panic("no terminal")
			}
		})
		for name, run := range map[string]func(){
			"Map":  func() { Map(t.Context(), p, sleepy, items, unlucky) },
			"IMap": func() { drain(IMap(t.Context(), p, sleepy, slices.Values(items), unlucky), 0) },
			"Map that has ended": func() {
				Map(t.Context(), p, sleepy, nil, OnProgress(func(Progress) { panic("no terminal") }))
			},
			"a loop that was left": func() {
				drain(IMap(t.Context(), p, sleepy, slices.Values(items), unlucky), 2)
			},
		} {
			start := time.Now()
			func() {
				defer func() {
					if value := recover(); value != "no terminal" || time.Since(start) > 3*time.Second {
						t.Errorf("%s: %v after %v", name, value, time.Since(start))
					}
				}()
				run()
				t.Errorf("%s has returned", name)
			}()
		}
		defer func() {
			if value := recover(); !strings.Contains(fmt.Sprint(value), "Goexit") || p.Stats().Queued != 0 {
				t.Errorf("%v, %+v", value, p.Stats())
			}
		}()
		Map(t.Context(), p, sleepy, items, OnProgress(func(Progress) { runtime.Goexit() }))
	})
}

func TestProgressIsNotForOneCall(t *testing.T) {
	inBubble(t, Options{Workers: 1}, func(t *testing.T, p *Pool) {
		var r reports
		_, err := Apply(t.Context(), p, echo, 1, OnProgress(r.add))
		_, err2 := Submit(t.Context(), p, echo, 1, OnProgress(r.add)).Wait(t.Context())
		if !errors.Is(err, errNoProgress) || !errors.Is(err2, errNoProgress) || !strings.Contains(err2.Error(), "Submit(pool.echo)") {
			t.Errorf("%v; %v", err, err2)
		}
		if _, err := Map(t.Context(), p, echo, []int{1}, OnProgress(nil)); err != nil {
			t.Error(err)
		}
		p.Close()
		if _, err := Map(t.Context(), p, echo, []int{1}, OnProgress(r.add)); !errors.Is(err, spawn.ErrClosed) || len(r) != 0 {
			t.Errorf("%v, %v", err, r)
		}
	})
}

func TestProgressFigures(t *testing.T) {
	for _, c := range []struct {
		p        Progress
		fraction float64
		left     time.Duration
	}{
		{Progress{Done: 1, Total: 4, Elapsed: time.Second}, 0.25, 3 * time.Second},
		{Progress{Done: 4, Total: 4, Elapsed: time.Second}, 1, 0},
		{Progress{Done: 0, Total: 4, Elapsed: time.Second}, 0, 0},
		{Progress{Done: 7, Total: -1, Elapsed: time.Second}, 0, 0},
		{Progress{}, 1, 0},
		{Progress{Done: 1, Total: math.MaxInt, Elapsed: time.Hour}, 0, math.MaxInt64},
	} {
		if f := c.p.Fraction(); math.Abs(f-c.fraction) > 1e-9 || c.p.Left() != c.left {
			t.Errorf("%+v: %v, %v", c.p, f, c.p.Left())
		}
	}
}
