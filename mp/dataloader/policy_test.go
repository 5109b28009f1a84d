package dataloader_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/dataloader"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// sampleError returns the *SampleError in err. Without one, the test fails.
func sampleError(t testing.TB, err error) *dataloader.SampleError {
	t.Helper()
	var s *dataloader.SampleError
	if !errors.As(err, &s) {
		t.Fatalf("%v is no SampleError", err)
	}
	return s
}

// An error of Get ends the epoch after the batches before it. It names the sample, the batch and the worker.
func TestFail(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			l := newLoader(t, config{N: 20, Does: map[int]string{9: "fail"}}, &dataloader.Options{BatchSize: 4, Workers: workers, Retries: 2})
			got, err := epoch(l)
			s := sampleError(t, err)
			if len(got) != 2 || s.Index != 9 || s.Batch != 2 || s.Attempts != 3 || s.Pid == 0 || s.Worker == "" || s.Dataset != "numbers" ||
				!slices.Equal(s.Samples(), []int{8, 9, 10, 11}) {
				t.Errorf("%v: %+v", got, s)
			}
			var remote *mp.RemoteError
			if !errors.Is(err, errUnlucky) || !errors.As(err, &remote) {
				t.Errorf("%v", err)
			}
			t.Log(err)
		})
	}
}

func TestPanicHasAStack(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		l := newLoader(t, config{N: 20, Does: map[int]string{3: "panic"}}, &dataloader.Options{BatchSize: 4, Workers: workers})
		_, err := epoch(l)
		var remote *mp.RemoteError
		if s := sampleError(t, err); s.Index != 3 || !errors.As(err, &remote) || !remote.Panic || !strings.Contains(remote.Stack, "numbers).do") {
			t.Errorf("%+v, %+v", s, remote)
		}
	}
}

func TestSkip(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 1, 3} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			var told []int
			c := config{N: 20, Does: map[int]string{2: "panic", 9: "fail", 12: "fail", 13: "fail", 14: "panic", 15: "fail"}}
			l := newLoader(t, c, &dataloader.Options{
				BatchSize: 4, Workers: workers, OnError: dataloader.Skip, Persistent: workers > 0,
				OnSkip: func(e *dataloader.SampleError) { told = append(told, e.Samples()...) },
			})
			for range 2 {
				want(t, l, chunks(20, 4, 2, 9, 12, 13, 14, 15))
			}
			slices.Sort(told)
			if s := l.Stats(); s.Skipped != 12 || !slices.Equal(told, []int{2, 2, 9, 9, 12, 12, 13, 13, 14, 14, 15, 15}) {
				t.Errorf("%+v, told of %v", s, told)
			}
		})
	}
}

// OnSkip is called for a sample just before its batch is yielded. Stats has the sample that was left out last, with workers and
// without.
func TestSkipIsToldBeforeItsBatch(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		var events []string
		l := newLoader(t, config{N: 12, Does: map[int]string{5: "fail", 8: "fail", 9: "panic", 11: "fail"}}, &dataloader.Options{
			BatchSize: 2, Workers: workers, OnError: dataloader.Skip,
			OnSkip: func(e *dataloader.SampleError) {
				events = append(events, fmt.Sprint("without ", e.Index, " of ", e.Batch))
			},
		})
		for b, err := range l.Epoch(background) {
			events = append(events, fmt.Sprint(b.Numbers, err))
		}
		want := "[0 1]<nil> [2 3]<nil> without 5 of 2 [4]<nil> [6 7]<nil> without 8 of 4 without 9 of 4 without 11 of 5 [10]<nil>"
		if got := strings.ReplaceAll(strings.Join(events, " "), " <nil>", "<nil>"); got != want {
			t.Errorf("%d workers:\n got %s\nwant %s", workers, got, want)
		}
		if s := l.Stats(); s.LastSkipped == nil || workers == 0 && s.LastSkipped.Index != 11 {
			t.Errorf("%+v", s)
		}
	}
}

// With Retries, a sample that fails once is got again.
func TestRetries(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		c := config{N: 20, Does: map[int]string{2: "once fail", 7: "once panic"}, Dir: prog.TempDir(t)}
		want(t, newLoader(t, c, &dataloader.Options{BatchSize: 4, Workers: workers, Retries: 1}), chunks(20, 4))
	}
}

// A worker that dies is replaced, and its batches come all the same, in order and once.
func TestDiesOnce(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{1, 2, 5} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			c := config{N: 60, Does: map[int]string{0: "once die", 17: "once exit", 18: "once die", 59: "once die"}, Dir: prog.TempDir(t)}
			l := newLoader(t, c, &dataloader.Options{BatchSize: 4, Workers: workers})
			want(t, l, chunks(60, 4))
			want(t, l, chunks(60, 4))
			if s := l.Stats(); s.Deaths != 4 || s.Skipped != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// A sample that kills its workers is quarantined and named.
func TestQuarantine(t *testing.T) {
	leak.Check(t)
	c := config{N: 20, Does: map[int]string{9: "die"}}
	l := newLoader(t, c, &dataloader.Options{BatchSize: 4, Workers: 2, Persistent: true})
	for deaths := 2; deaths < 4; deaths++ { // in the second epoch the sample kills no worker any more
		got, err := epoch(l)
		var exit *mp.ExitError
		if s := sampleError(t, err); len(got) != 2 || s.Index != 9 || s.Attempts != 2 || !errors.Is(err, dataloader.ErrQuarantined) || !errors.As(err, &exit) {
			t.Errorf("%v: %+v", got, s)
		}
		if s := l.Stats(); s.Deaths != 2 {
			t.Errorf("%+v", s)
		}
		t.Log(err)
	}
}

func TestQuarantineSkip(t *testing.T) {
	leak.Check(t)
	c := config{N: 20, Does: map[int]string{0: "die", 9: "exit", 10: "die"}}
	for _, crashRetries := range []int{-1, 0, 2} {
		t.Run(fmt.Sprint(crashRetries), func(t *testing.T) {
			l := newLoader(t, c, &dataloader.Options{BatchSize: 4, Workers: 2, Persistent: true, OnError: dataloader.Skip, CrashRetries: crashRetries})
			want(t, l, chunks(20, 4, 0, 9, 10))
			want(t, l, chunks(20, 4, 0, 9, 10))
			deaths := map[int]int{-1: 3, 0: 6, 2: 9}[crashRetries]
			if s := l.Stats(); s.Deaths != deaths || s.Skipped != 6 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// If a whole batch of GetBatch kills its worker or fails, parts of it are tried until the bad samples are found.
func TestBatchIsSearched(t *testing.T) {
	leak.Check(t)
	for what, err := range map[string]error{"die": dataloader.ErrQuarantined, "fail": errUnlucky, "panic": nil, "goexit": nil} {
		t.Run(what, func(t *testing.T) {
			var told []error
			c := config{N: 64, Does: map[int]string{20: what, 37: what, 38: what}}
			l := newBatched(t, c, &dataloader.Options{
				BatchSize: 16, Workers: 2, OnError: dataloader.Skip, CrashRetries: -1,
				OnSkip: func(e *dataloader.SampleError) { told = append(told, e) },
			})
			want(t, l, chunks(64, 16, 20, 37, 38))
			if len(told) != 3 {
				t.Fatal(told)
			}
			for _, e := range told {
				if s := sampleError(t, e); !slices.Contains([]int{20, 37, 38}, s.Index) || err != nil && !errors.Is(e, err) {
					t.Errorf("%v", e)
				}
			}
			t.Log(l.Stats(), told[0])
		})
	}
}

// A batch that fails, although its parts can be got, is left out as a whole, and its error names all its samples.
func TestBatchIsLeftOut(t *testing.T) {
	leak.Check(t)
	for _, workers := range []int{0, 2} {
		var told []int
		l := newBatched(t, config{N: 12, Does: map[int]string{6: "fail in company"}}, &dataloader.Options{
			BatchSize: 4, Workers: workers, OnError: dataloader.Skip, OnSkip: func(e *dataloader.SampleError) { told = append(told, e.Samples()...) },
		})
		want(t, l, [][]int{{0, 1, 2, 3}, {8, 9, 10, 11}})
		if !slices.Equal(told, []int{4, 5, 6, 7}) {
			t.Errorf("%v", told)
		}
	}
}

func TestBatchFails(t *testing.T) {
	leak.Check(t)
	for _, what := range []string{"die", "fail"} {
		l := newBatched(t, config{N: 20, Does: map[int]string{9: what}}, &dataloader.Options{BatchSize: 4, Workers: 2})
		got, err := epoch(l)
		if s := sampleError(t, err); len(got) != 2 || s.Index != -1 || s.Batch != 2 || !slices.Equal(s.Indices, []int{8, 9, 10, 11}) {
			t.Errorf("%v: %+v", got, s)
		}
		t.Log(err)
	}
}

// With Workers 0, a late sample is noticed when Get returns.
func TestTimeoutHere(t *testing.T) {
	leak.Check(t)
	for _, what := range []string{"wait", "late"} {
		c := config{N: 20, Does: map[int]string{9: what}}
		opts := dataloader.Options{BatchSize: 4, Timeout: 500 * time.Millisecond}
		got, err := epoch(newLoader(t, c, &opts))
		if s := sampleError(t, err); len(got) != 2 || s.Index != 9 || !errors.Is(err, mp.ErrTimeout) {
			t.Errorf("%s: %v: %+v", what, got, s)
		}
		opts.OnError = dataloader.Skip
		want(t, newLoader(t, c, &opts), chunks(20, 4, 9))
	}
}

// A hung sample is ended by Timeout, whether it looks at its ctx or not.
func TestTimeout(t *testing.T) {
	leak.Check(t)
	for _, what := range []string{"wait", "deaf"} {
		t.Run(what, func(t *testing.T) {
			opts := dataloader.Options{BatchSize: 4, Workers: 2, Timeout: 500 * time.Millisecond, KillDelay: 50 * time.Millisecond}
			if what == "wait" {
				opts.KillDelay = time.Minute // no worker needs to be killed
			}
			c := config{N: 20, Does: map[int]string{9: what}}
			got, err := epoch(newLoader(t, c, &opts))
			if s := sampleError(t, err); len(got) != 2 || s.Index != 9 || !errors.Is(err, mp.ErrTimeout) {
				t.Errorf("%v: %+v", got, s)
			}
			var exit *mp.ExitError
			if died := what == "deaf"; errors.As(err, &exit) != died {
				t.Errorf("%v: %v in it", err, exit)
			} else if died && (exit.Pid != sampleError(t, err).Pid || !strings.Contains(exit.Error(), "SIGKILL") || exit.Func != "numbers" ||
				!strings.HasSuffix(err.Error(), "was killed because it did not stop at its Timeout of 500ms")) {
				t.Errorf("%v: %+v", err, exit)
			}
			opts.OnError = dataloader.Skip
			want(t, newLoader(t, c, &opts), chunks(20, 4, 9))
			want(t, newBatched(t, c, &opts), chunks(20, 4, 9))
			opts.OnError, opts.Retries = dataloader.Fail, 1
			c = config{N: 20, Does: map[int]string{9: "once " + what}, Dir: prog.TempDir(t)}
			want(t, newLoader(t, c, &opts), chunks(20, 4))
		})
	}
}
