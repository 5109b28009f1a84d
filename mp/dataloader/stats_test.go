package dataloader_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

func TestStatsVerdict(t *testing.T) {
	const s = time.Second
	few := dataloader.Stats{Epochs: 1, Batches: 7, Elapsed: 10 * s, Waited: 9 * s, Busy: 18 * s, Workers: 2, Prefetch: 2}
	busy := few
	busy.Batches = 100
	idle, faults, both, firsts, none := busy, busy, busy, busy, busy
	idle.Busy = 2 * s
	faults.Delayed, faults.Lost, faults.Busy = 9*s, 9*s, s
	both.Delayed, both.Busy = 5*s, 8*s
	firsts.Epochs = 100
	none.Workers = 0
	decodes, lazy := busy, busy
	decodes.Decoded, lazy.Decoded, lazy.Busy = s, 85*s/10, 18*s
	quick := dataloader.Stats{Epochs: 1, Batches: 100, Elapsed: 10 * s, Waited: s / 2, Busy: 9 * s, Workers: 2, Prefetch: 2}
	for _, c := range []struct {
		stats      dataloader.Stats
		end        string
		bottleneck bool
	}{
		{few, "waited 90 % of 10s, 2 workers busy 90 % of it", false},
		{firsts, "2 workers busy 90 % of it", false},
		{none, "; got in the caller, in 90 % of 10s", false},
		{busy, ": the loader is the bottleneck", true},
		{both, ": the loader is the bottleneck", true},
		{idle, ": the consumer waits, and the workers do, too", false},
		{faults, "(90 % after faults), 2 workers busy 5 % of it (45 % lost to faults): the loader keeps up, but for faults", false},
		{decodes, ": the loader is the bottleneck", true},
		{lazy, ": the consumer waits for batches to be decoded", false},
		{quick, ": the loader keeps up", false},
	} {
		if text := c.stats.String(); !strings.HasSuffix(text, c.end) || c.stats.Bottleneck() != c.bottleneck {
			t.Errorf("%v, %v; want … %s", text, c.stats.Bottleneck(), c.end)
		}
	}
}

// slow is a batch that takes 10 ms to be decoded.
type slow int

func (n *slow) MarshalBinary() ([]byte, error) { return []byte{byte(*n)}, nil }

func (n *slow) UnmarshalBinary(b []byte) error {
	time.Sleep(10 * time.Millisecond)
	*n = slow(b[0])
	return nil
}

var Slow = mp.Register("slow", func(_ context.Context, samples []int) (slow, error) { return slow(samples[0]), nil })

// The time for decoding a batch counts as waited, but does not make the loader the bottleneck.
func TestStatsOfDecoding(t *testing.T) {
	leak.Check(t)
	l := open[slow](t)(dataloader.New(background, Numbers.With(config{N: 20}), Slow, &dataloader.Options{Workers: 1}))
	for _, err := range l.Epoch(background) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if s := l.Stats(); s.Decoded < 100*time.Millisecond || s.Waited < s.Decoded || s.Elapsed < s.Waited || s.Bottleneck() {
		t.Errorf("%v: %+v", s, s)
	}
}

// The time that workers spend on a batch that does not come counts as lost. The time that the consumer waits because of that
// counts as delayed.
func TestStatsOfFaults(t *testing.T) {
	leak.Check(t)
	for _, what := range []string{"wait", "deaf"} {
		// limit is long compared with the time for the batches, at most four, that the consumer still has when the fault begins.
		const limit = time.Second
		for _, policy := range []dataloader.Policy{dataloader.Fail, dataloader.Skip} {
			failed := false
			// The longest wait for a batch. It is the one after the fault, unless the consumer was stopped and comes late to it, or the
			// machine stands still in another wait.
			longest := time.Duration(0)
			l := newLoader(t, config{N: 80, Does: map[int]string{41: what}}, &dataloader.Options{
				BatchSize: 4, Workers: 2, Persistent: true, Timeout: limit, KillDelay: time.Millisecond, OnError: policy,
			})
			left := time.Now()
			for _, err := range l.Epoch(background) {
				longest = max(longest, time.Since(left))
				if err != nil && policy != dataloader.Fail {
					t.Error(err)
				}
				failed = failed || err != nil
				time.Sleep(20 * time.Millisecond) // so that a short pause of a worker does not make it the bottleneck
				left = time.Now()
			}
			if failed != (policy == dataloader.Fail) {
				t.Errorf("%s: failed: %v", what, failed)
			}
			if s := l.Stats(); s.Lost < limit || s.Delayed < min(longest-limit/4, limit/2) || s.Delayed > s.Waited || s.Bottleneck() {
				t.Errorf("%s: %v: %+v; the loop has waited %v at most", what, s, s, longest)
			}
		}
	}
}

// Samples that are left out, while the rest of their batch comes at the first attempt, count neither as lost nor as delayed time.
func TestStatsOfSkipped(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		l := newLoader(t, config{N: 20, Does: map[int]string{3: "fail", 9: "fail"}}, &dataloader.Options{BatchSize: 4, Workers: workers, OnError: dataloader.Skip})
		want(t, l, chunks(20, 4, 3, 9))
		if s := l.Stats(); s.Delayed != 0 || s.Lost != 0 || s.Skipped != 2 { // Busy may be less than a tick of the clock
			t.Errorf("%+v", s)
		}
	}
}
