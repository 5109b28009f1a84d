package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// The tests in this file run the scheduler over links in memory, in the time of testing/synctest.

var (
	sleepy = spawn.Register("pool.sleepy", sleep)
	echo   = spawn.Register("pool.echo", func(_ context.Context, n int) (int, error) { return n, nil })
)

func sleep(ctx context.Context, d time.Duration) (time.Duration, error) {
	select {
	case <-time.After(d):
		return d, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// inBubble runs a test with a pool of goroutines.
func inBubble(t *testing.T, opts Options, test func(t *testing.T, p *Pool)) {
	synctest.Test(t, func(t *testing.T) {
		opts.InProcess = true
		p, err := New(t.Context(), &opts)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		test(t, p)
	})
}

// begin opens a pool that has its backend and options.
func begin(t *testing.T, p *Pool) {
	t.Helper()
	if err := p.opts.check(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.open(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The workers share the work: n seconds of it take n/workers seconds of time.
func TestWorkIsSpread(t *testing.T) {
	inBubble(t, Options{Workers: 4}, func(t *testing.T, p *Pool) {
		start := time.Now()
		if _, err := Map(t.Context(), p, sleepy, slices.Repeat([]time.Duration{time.Second}, 40)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("40 s of work took 4 workers %v", took)
		}
	})
}

// No item waits behind a slow item of another call while a worker is free.
func TestCallsDoNotWaitForEachOther(t *testing.T) {
	inBubble(t, Options{Workers: 2}, func(t *testing.T, p *Pool) {
		for range 100 { // the pool learns that these are quick
			Map(t.Context(), p, echo, []int{1, 2, 3})
		}
		long := Submit(t.Context(), p, sleepy, time.Hour)
		start := time.Now()
		var futures []*Future[int]
		for i := range 20 {
			futures = append(futures, Submit(t.Context(), p, echo, i))
		}
		for i, f := range futures {
			if n, err := f.Wait(t.Context()); n != i || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("quick calls waited %v", took)
		}
		long.Cancel()
		long.Wait(t.Context())
	})
}

// A long Map does not shut out a call that comes later.
func TestCallsTakeTurns(t *testing.T) {
	inBubble(t, Options{Workers: 1}, func(t *testing.T, p *Pool) {
		go Map(t.Context(), p, sleepy, slices.Repeat([]time.Duration{time.Second}, 100))
		synctest.Wait()
		start := time.Now()
		if _, err := Apply(t.Context(), p, echo, 1); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("it waited %v", took)
		}
	})
}

// A long Map whose quick items are sent ahead to the worker does not shut out a later call either.
func TestCallsTakeTurnsWithQuickItems(t *testing.T) {
	inBubble(t, Options{Workers: 1}, func(t *testing.T, p *Pool) {
		go Map(t.Context(), p, sleepy, slices.Repeat([]time.Duration{time.Millisecond}, 10_000))
		time.Sleep(100 * time.Millisecond) // the pool learns that they are quick
		start := time.Now()
		if _, err := Apply(t.Context(), p, echo, 1); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 3*rowWork { // the chunk at work, the one sent ahead, and one that had its turn before
			t.Errorf("it waited %v", took)
		}
	})
}

// The last items of a call do not wait behind another item while a worker is free.
func TestLastItemsAreNotSentAhead(t *testing.T) {
	inBubble(t, Options{Workers: 2}, func(t *testing.T, p *Pool) {
		items := slices.Repeat([]time.Duration{10 * time.Millisecond}, 20)
		items = append(items, time.Second, 10*time.Millisecond, 10*time.Millisecond)
		start := time.Now()
		if _, err := Map(t.Context(), p, sleepy, items); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 1100*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

func TestTimeoutIsExact(t *testing.T) {
	inBubble(t, Options{Workers: 1}, func(t *testing.T, p *Pool) {
		start := time.Now()
		_, err := Map(t.Context(), p, sleepy, []time.Duration{time.Second, time.Hour, time.Second}, Timeout(5*time.Second), KeepGoing())
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 7*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestContextEndsACall(t *testing.T) {
	inBubble(t, Options{Workers: 2}, func(t *testing.T, p *Pool) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, err := Map(ctx, p, sleepy, slices.Repeat([]time.Duration{time.Hour}, 10))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestShutdownWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := New(t.Context(), &Options{Workers: 2, InProcess: true})
		if err != nil {
			t.Fatal(err)
		}
		f := Submit(t.Context(), p, sleepy, 10*time.Second)
		start := time.Now()
		if err := p.Shutdown(t.Context()); err != nil || time.Since(start) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if d, err := f.Wait(t.Context()); d != 10*time.Second || err != nil {
			t.Errorf("%v, %v", d, err)
		}
	})
}

// actor is a backend whose workers do what a test tells them: each worker has the next play, and all further ones the last.
type actor struct {
	plays   []func(t *stage)
	delay   time.Duration                 // the KillDelay of its workers
	memory  *atomic.Int64                 // the memory that they use; nil: none
	dying   func(*stage)                  // what they do between the pool's KillFor and their end; nil: nothing
	newLink func() (a, b *link.InProcess) // nil: NewInProcess
	mu      sync.Mutex
	next    int
}

// extra is the seat of an actor that uses memory.
type extra struct {
	*goroutine
	memory *atomic.Int64
}

func (e extra) Memory() int64 { return e.memory.Load() }

// dying is the seat of an actor whose workers still do something when they are killed.
type dying struct {
	*goroutine
	stage *stage
	do    func(*stage)
}

func (d dying) KillFor(reason error) error {
	d.do(d.stage)
	return d.goroutine.KillFor(reason)
}

// stage is what a play gets: the worker's end of the link.
type stage struct {
	link link.Link
}

func (a *actor) start(ctx context.Context, _ wire.Buffer) (seat, error) {
	newLink := link.NewInProcess
	if a.newLink != nil {
		newLink = a.newLink
	}
	ours, theirs := newLink()
	a.mu.Lock()
	play := a.plays[min(a.next, len(a.plays)-1)]
	number := a.next
	a.next++
	a.mu.Unlock()
	w := &goroutine{name: fmt.Sprint("actor ", number), link: ours, delay: a.delay, ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		defer theirs.Close()
		play(&stage{link: theirs})
	}()
	stop := context.AfterFunc(ctx, func() { w.Stop(context.Cause(ctx)) })
	go func() {
		<-w.ended
		stop()
	}()
	switch {
	case a.memory != nil:
		return extra{w, a.memory}, nil
	case a.dying != nil:
		return dying{w, &stage{link: theirs}, a.dying}, nil
	}
	return w, nil
}

// task says that the worker is ready, and waits for a chunk.
func (s *stage) task() (first uint64, h taskHeader) {
	s.link.Send(link.Msg{Kind: kindReady})
	for {
		m, err := s.link.Recv()
		if err != nil {
			return 0, taskHeader{}
		}
		if m.Kind == kindTask {
			h, _, _ := parseTask(m.Body)
			return m.ID, h
		}
	}
}

// chunk waits for the next chunk, of echo, and decodes it.
func (s *stage) chunk() (first uint64, h taskHeader, numbers []int) {
	codec, _ := wire.Compile[int]()
	for {
		m, err := s.link.Recv()
		if err != nil || m.Kind == spawn.KindStop {
			return 0, taskHeader{}, nil
		}
		if m.Kind != kindTask {
			continue
		}
		h, items, _ := parseTask(m.Body)
		for range h.count {
			var arg []byte
			arg, _, items, _, _ = cutItem(items, nil)
			n := 0
			codec.Decode(arg, nil, &n)
			numbers = append(numbers, n)
		}
		return m.ID, h, numbers
	}
}

func (s *stage) started(id uint64) { s.link.Send(link.Msg{Kind: kindStarted, ID: id}) }

// answer answers an item of echo with a number.
func (s *stage) answer(id, next uint64, n int) {
	b := wire.Buffer{Data: make([]byte, answerSize)}
	(&answerHeader{next: next, count: 1}).put(b.Data)
	start, files := beginItem(&b)
	codec, _ := wire.Compile[int]()
	codec.Encode(&b, &n)
	endItem(&b, start, files)
	s.link.Send(link.Msg{Kind: kindResult, ID: id, Body: b.Data})
}

func honest(s *stage) {
	newServer(s.link, false).serve(func(context.Context) *spawn.Failure { return nil })
}

// play runs Map over 6 items in a pool of one worker. The workers have these plays one after the other, and then are honest.
func play(t *testing.T, plays ...func(*stage)) (got []int, errs []error, started int) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool()
		p.backend, p.opts = &actor{plays: append(plays, honest)}, Options{Workers: 1}
		begin(t, p)
		defer p.Close()
		var err error
		got, err = Map(t.Context(), p, echo, []int{0, 10, 20, 30, 40, 50}, ChunkSize(6), KeepGoing())
		if err != nil {
			errs = err.(interface{ Unwrap() []error }).Unwrap()
		}
		started = p.Stats().Started
	})
	return got, errs, started
}

// When a worker dies, the item at work is blamed. Of its chunk, items that were answered keep their results, and the rest runs
// elsewhere.
func TestBlameInsideAChunk(t *testing.T) {
	got, errs, started := play(t, func(s *stage) {
		id, _ := s.task()
		s.started(id)
		s.answer(id, id+1, 1)
		s.answer(id+1, id+2, 2)
	})
	var exit *spawn.ExitError
	if len(errs) != 1 || !errors.As(errs[0], &exit) || exit.Index != 2 || exit.Name != "actor 0" {
		t.Errorf("%v", errs)
	}
	if want := []int{1, 2, 0, 30, 40, 50}; !slices.Equal(got, want) || started != 2 {
		t.Errorf("%v, %d workers", got, started)
	}
}

// When a worker dies with a chunk that it has not begun, no item is blamed.
func TestNoBlameBeforeTheStart(t *testing.T) {
	got, errs, started := play(t,
		func(s *stage) { s.task() },
		func(s *stage) { id, _ := s.task(); s.started(id); s.answer(id, 0, 7) }, // answers an item that travels alone, and ends
	)
	if want := []int{7, 10, 20, 30, 40, 50}; len(errs) != 0 || !slices.Equal(got, want) || started != 3 {
		t.Errorf("%v, %v, %d workers", got, errs, started)
	}
}

// Workers that die as soon as they are given work, without beginning it, are not replaced for ever: first the item is
// blamed, in the end the pool is broken. PY-POOL-30
func TestBarrenWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		barren := func(s *stage) { s.task() }
		p := newPool()
		p.backend, p.opts = &actor{plays: []func(*stage){barren}}, Options{Workers: 1}
		begin(t, p)
		defer p.Close()
		var exit *spawn.ExitError
		if _, err := Apply(t.Context(), p, echo, 1); !errors.As(err, &exit) || p.Stats().Started > 4 {
			t.Errorf("%v after %d workers", err, p.Stats().Started)
		}
		var err error
		for i := 0; i < 3 && !errors.Is(err, ErrBroken); i++ {
			_, err = Apply(t.Context(), p, echo, 1)
		}
		if !errors.Is(err, ErrBroken) {
			t.Errorf("then: %v", err)
		}
	})
}

// Failed starts break the pool only if they come in a row. A worker in between that begins an item ends the row, even if the
// worker then dies.
func TestFailuresAreInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var plays []func(*stage)
		for range 2 * tooManyFailures {
			plays = append(plays, func(s *stage) { id, _ := s.task(); s.started(id) }, func(*stage) {})
		}
		p := newPool()
		p.backend, p.opts = &actor{plays: append(plays, honest)}, Options{Workers: 1, CrashRetries: 100}
		begin(t, p)
		defer p.Close()
		if n, err := Apply(t.Context(), p, echo, 1); n != 1 || err != nil {
			t.Error(n, err)
		}
	})
}

// When a worker is killed because it did not begin its item, and begins it between the kill and its end, the item is not
// blamed and runs elsewhere.
func TestBeginsWhileItIsKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var id atomic.Uint64
		late := func(s *stage) {
			first, _ := s.task()
			id.Store(first)
			for _, err := s.link.Recv(); err == nil; _, err = s.link.Recv() {
			}
		}
		p := newPool()
		p.backend = &actor{plays: []func(*stage){late, honest}, dying: func(s *stage) { s.started(id.Load()) }}
		p.opts = Options{Workers: 1}
		begin(t, p)
		defer p.Close()
		if n, err := Apply(t.Context(), p, echo, 1, Timeout(time.Second)); n != 1 || err != nil {
			t.Error(n, err)
		}
	})
}

// The pool decides whether an item is to blame for a death by what it knows of the worker.
func TestBlame(t *testing.T) {
	for name, c := range map[string]struct {
		running bool
		doomed  *span
		count   int // items of the chunk at the head, the first of which has the number 10
		chunks  int
		lost    int
		want    bool
	}{
		"it ran":                               {running: true, count: 3, chunks: 1, want: true},
		"it was not begun":                     {count: 1, chunks: 1, lost: 1},
		"it was lost too often, alone":         {count: 1, chunks: 1, lost: mostLost, want: true},
		"lost often, with others in its chunk": {count: 2, chunks: 1, lost: mostLost},
		"lost often, with others behind":       {count: 1, chunks: 2, lost: mostLost},
		"it was killed for":                    {running: true, doomed: &span{first: 10, count: 1}, count: 3, chunks: 1, want: true},
		"the one before it was killed for":     {running: true, doomed: &span{first: 9, count: 1}, count: 3, chunks: 1},
		"those before it were killed for":      {running: true, doomed: &span{first: 5, count: 5}, count: 3, chunks: 1},
	} {
		k := &chunk{call: &call{lost: map[int]int{0: c.lost}}, count: c.count, first: 10}
		w := &worker{running: c.running, doomed: c.doomed, queue: slices.Repeat([]*chunk{k}, c.chunks)}
		if got := w.toBlame(k); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
