//go:build !race

package pool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// undisturbed checks that no worker was killed.
func undisturbed(t *testing.T, p *Pool, workers int) {
	t.Helper()
	if s := p.Stats(); s.Started != workers || s.Killed+s.Died > 0 {
		t.Errorf("%+v", s.Counts)
	}
}

// Items may be taken back one at a time, from the last one to the one behind the item at work, across chunks.
func TestTakeBackFromTheEnd(t *testing.T) {
	together(t, 1, func(t *testing.T, p *Pool) {
		durations := make([]time.Duration, 500)
		durations[100] = time.Minute
		futures := submitAll(t.Context(), p, durations)
		time.Sleep(rescueEvery / 2)
		for i := len(futures) - 1; i > 100; i-- {
			futures[i].Cancel()
		}
		after := submitAll(t.Context(), p, make([]time.Duration, 100))
		if _, err := WaitAll(t.Context(), append(after, futures[:101]...)...); err != nil {
			t.Error(err)
		}
		undisturbed(t, p, 1)
	})
}

// When all items behind the item at work were taken back, taking them back again changes nothing.
func TestTakeBackTwice(t *testing.T) {
	together(t, 2, func(t *testing.T, p *Pool) {
		durations := make([]time.Duration, 500)
		durations[100] = time.Minute
		futures := submitAll(t.Context(), p, durations)
		time.Sleep(rescueEvery / 2)
		p.mu.Lock()
		for _, w := range p.workers {
			if w.behind() {
				at, _ := w.journal.At(w.head().id())
				for range 3 {
					w.takeBack(at + 1)
				}
			}
		}
		p.mu.Unlock()
		p.dispatch()
		if _, err := WaitAll(t.Context(), futures...); err != nil {
			t.Error(err)
		}
		undisturbed(t, p, 2)
	})
}

// tardy takes its time to be encoded, and then to run.
type tardy struct{ N, Encode, Run int64 }

func (l tardy) MarshalBinary() ([]byte, error) {
	time.Sleep(time.Duration(l.Encode))
	return fmt.Append(nil, l.N, " ", l.Run), nil
}

func (l *tardy) UnmarshalBinary(b []byte) error {
	_, err := fmt.Sscan(string(b), &l.N, &l.Run)
	return err
}

var (
	tardyRuns sync.Map
	tardily   = spawn.Register("pool.tardily", func(_ context.Context, l tardy) (int64, error) {
		time.Sleep(time.Duration(l.Run))
		if _, again := tardyRuns.LoadOrStore(l.N, true); again {
			return 0, errors.New("it ran twice")
		}
		return l.N, nil
	})
)

// While a chunk is encoded for a worker, the items that the worker has already may be taken back.
func TestTakeBackWhileEncoding(t *testing.T) {
	for encoded := 110; encoded < 250; encoded += 10 {
		tardyRuns.Clear()
		together(t, 2, func(t *testing.T, p *Pool) {
			items := make([]tardy, 1000)
			for i := range items {
				items[i].N = int64(i)
			}
			items[100].Run = int64(time.Second)
			items[encoded].Encode = int64(4 * rescueEvery)
			if _, err := Map(t.Context(), p, tardily, items, KeepGoing()); err != nil {
				t.Errorf("%d: %v", encoded, err)
			}
			undisturbed(t, p, 2)
		})
	}
}

// hooked is an actor with hooks before the pool's Send and AwaitEnd.
type hooked struct {
	actor
	send func(link.Msg) error // before Send, which returns the hook's error if there is one
	bury func()               // before AwaitEnd
}

type hookedSeat struct {
	*goroutine
	hooks *hooked
}

type hookedLink struct {
	link.Link
	hooks *hooked
}

func (h *hooked) start(ctx context.Context, arg wire.Buffer) (seat, error) {
	s, err := h.actor.start(ctx, arg)
	return hookedSeat{s.(*goroutine), h}, err
}

func (s hookedSeat) Link() link.Link { return hookedLink{s.goroutine.Link(), s.hooks} }

func (s hookedSeat) AwaitEnd(err error) {
	s.hooks.bury()
	s.goroutine.AwaitEnd(err)
}

func (l hookedLink) Send(m link.Msg) error {
	if err := l.hooks.send(m); err != nil {
		return err
	}
	return l.Link.Send(m)
}

// withHooks is together for one worker with hooks.
func withHooks(t *testing.T, test func(t *testing.T, p *Pool, h *hooked)) {
	synctest.Test(t, func(t *testing.T) {
		h := &hooked{
			actor: actor{plays: []func(*stage){honest}, newLink: link.NewInProcessJournal, delay: time.Second},
			send:  func(link.Msg) error { return nil }, bury: func() {},
		}
		p := newPool()
		p.backend, p.opts = h, Options{Workers: 1, KillDelay: time.Second}
		begin(t, p)
		WaitAll(t.Context(), submitAll(t.Context(), p, make([]time.Duration, 1000))...)
		synctest.Wait()
		test(t, p, h)
		if err := p.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		nothingLeft(t, p)
	})
}

// When a chunk cannot be sent, the only item that is left of it is not blamed if others were taken back meanwhile, for a cancel.
func TestUnsentAfterCancel(t *testing.T) {
	withHooks(t, func(t *testing.T, p *Pool, h *hooked) {
		once := false
		h.send = func(m link.Msg) error {
			p.mu.Lock()
			k := p.workers[0].queue[len(p.workers[0].queue)-1]
			p.mu.Unlock()
			if once || m.Kind != kindTask || k.sent < 3 {
				return nil
			}
			once = true
			k.call.batch.stop(k.from+1, context.Canceled)
			return link.ErrNotSent
		}
		failed := 0
		for _, f := range submitAll(t.Context(), p, make([]time.Duration, 500)) {
			if _, err := f.Wait(t.Context()); err != nil {
				failed++
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		}
		if failed != 1 {
			t.Errorf("%d have failed", failed)
		}
	})
}

// Calls that are cancelled while their dead worker is buried leave nothing behind, and do not run again.
func TestCancelDuringBurial(t *testing.T) {
	withHooks(t, func(t *testing.T, p *Pool, h *hooked) {
		h.bury = func() { time.Sleep(time.Second) }
		p.opts.CrashRetries = 3
		for _, b := range p.batches {
			b.call.opts.crashRetries = 3
		}
		durations := make([]time.Duration, 500)
		durations[100] = time.Second
		futures := submitAll(t.Context(), p, durations)
		time.Sleep(rescueEvery / 2)
		p.mu.Lock()
		seat := p.workers[0].seat
		p.mu.Unlock()
		seat.KillFor(errors.New("a test"))
		synctest.Wait()
		for _, f := range futures {
			f.Cancel()
		}
		for i, f := range futures {
			if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) && (err != nil || i > 99) {
				t.Errorf("%d: %v", i, err)
			}
		}
		h.bury = func() {}
		if _, err := WaitAll(t.Context(), submitAll(t.Context(), p, make([]time.Duration, 100))...); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second) // until the item that the dead worker was at has ended
		if n := p.Stats().Retried; n != 0 {
			t.Errorf("%d were retried", n)
		}
	})
}

// A submission that is cancelled while it is encoded for a busy worker does not get the worker killed.
func TestCancelWhileEncoding(t *testing.T) {
	withHooks(t, func(t *testing.T, p *Pool, _ *hooked) {
		for _, b := range p.batches {
			b.call.encode = func(out *wire.Buffer, index int) error {
				err := b.encode(out, index)
				if index > 1110 && index%10 == 0 {
					b.stop(index, context.Canceled)
				}
				return err
			}
		}
		durations := make([]time.Duration, 500)
		durations[100] = time.Minute
		for i, f := range submitAll(t.Context(), p, durations) {
			if _, err := f.Wait(t.Context()); err != nil && (!errors.Is(err, context.Canceled) || i <= 110 || i%10 != 0) {
				t.Errorf("%d: %v", i, err)
			}
		}
		undisturbed(t, p, 1)
	})
}

// liar is the link of a worker that lies: before it sends a row that took long, it says that the row's first item has failed.
type liar struct {
	link.Link
	lied *atomic.Bool
}

func (l liar) Send(m link.Msg) error {
	if m.Kind == kindResult {
		if h, _, _ := parseAnswer(m.Body); h.took > time.Millisecond && h.count > 1 {
			lie := answerHeader{count: 1}
			body := make([]byte, answerSize+itemHeaderSize)
			lie.put(body)
			l.lied.Store(true)
			l.Link.Send(link.Msg{Kind: kindFailure, ID: m.ID, Body: body})
		}
	}
	return l.Link.Send(m)
}

// Where results are due that the pool has read early (collect), a failure must not be taken for their outcome. The test
// leaves open how far the worker has come when it lies, and when it is ended: the slow item may be alone in its row, and
// one item may be at work.
func TestHostileAfterCollect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lied atomic.Bool
		p := openJournal(t, 1, func(s *stage) { honest(&stage{link: liar{s.link, &lied}}) }, honest)
		WaitAll(t.Context(), submitAll(t.Context(), p, make([]time.Duration, 1000))...)
		durations := make([]time.Duration, 500)
		const slow = 101
		durations[slow] = time.Second
		blamed := 0
		for i, f := range submitAll(t.Context(), p, durations) {
			if _, err := f.Wait(t.Context()); err != nil {
				var died *spawn.ExitError
				if blamed++; i < slow || blamed > 1 || i > slow && !errors.As(err, &died) {
					t.Errorf("%d: %v", i, err)
				}
			}
		}
		if s := p.Stats(); lied.Load() != (s.Started == 2) {
			t.Errorf("%+v", s.Counts)
		}
		p.Shutdown(t.Context())
		nothingLeft(t, p)
	})
}

// Items that were taken back do not count for MaxTasksPerWorker.
func TestTakenBackAndMaxTasks(t *testing.T) {
	together(t, 1, func(t *testing.T, p *Pool) {
		durations := make([]time.Duration, 500)
		durations[100] = time.Second
		futures := submitAll(t.Context(), p, durations)
		time.Sleep(rescueEvery / 2)
		p.mu.Lock()
		p.opts.MaxTasksPerWorker = p.workers[0].given
		p.workers[0].retire() // as when the worker is given its last item
		p.mu.Unlock()
		for _, f := range futures[101:] {
			f.Cancel()
		}
		synctest.Wait()
		p.mu.Lock()
		left := p.opts.MaxTasksPerWorker - p.workers[0].given
		p.mu.Unlock()
		WaitAll(t.Context(), append(futures, submitAll(t.Context(), p, make([]time.Duration, max(left-1, 0)))...)...)
		synctest.Wait()
		undisturbed(t, p, 1)
		if n := p.Stats().Recycled; n != 0 {
			t.Errorf("%d have left", n)
		}
	})
}
