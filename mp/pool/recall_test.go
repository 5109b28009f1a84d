//go:build !race

package pool

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// load is an argument of some size, for a call that takes the time Run.
type load struct {
	Run  time.Duration
	Data []byte
}

var loaded = spawn.Register("pool.loaded", func(ctx context.Context, l load) (int, error) {
	_, err := sleep(ctx, l.Run)
	return len(l.Data), err
})

// atOnce submits calls of loaded so that they are one chunk.
func atOnce(t *testing.T, p *Pool, loads ...load) (futures []*Future[int]) {
	p.mu.Lock()
	w := p.workers[0]
	w.sending = true // so that the worker gets no call before all are submitted
	p.mu.Unlock()
	for _, l := range loads {
		futures = append(futures, Submit(t.Context(), p, loaded, l))
	}
	p.mu.Lock()
	p.batches[spawn.ID(loaded)].call.opts.chunk = len(loads)
	w.sending = false
	p.mu.Unlock()
	p.dispatch()
	return futures
}

// whileEncoding has stop called once: when the next call of loaded has been encoded.
func whileEncoding(p *Pool, stop func(b *batch, index int)) {
	b := p.batches[spawn.ID(loaded)]
	b.call.encode = func(out *wire.Buffer, index int) error {
		b.call.encode = b.encode
		err := b.encode(out, index)
		stop(b, index)
		return err
	}
}

// A call that is cancelled while the message for it is encoded ends at once, although its worker stays busy. This also
// holds if the call finds no room in the message, or if the message is not sent after all.
func TestCancelWhatIsNotSentAfterAll(t *testing.T) {
	for name, test := range map[string]func(t *testing.T, p *Pool) (long *Future[int], cancelled []*Future[int]){
		"no room": func(t *testing.T, p *Pool) (*Future[int], []*Future[int]) {
			long := atOnce(t, p, load{Run: time.Hour})
			synctest.Wait()
			whileEncoding(p, func(b *batch, first int) { b.stop(first+3, context.Canceled) })
			heavy := load{Data: make([]byte, 30<<10)}
			return long[0], atOnce(t, p, heavy, heavy, heavy, heavy)[3:]
		},
		"not sent": func(t *testing.T, p *Pool) (*Future[int], []*Future[int]) {
			long := atOnce(t, p, load{Run: time.Hour}, load{})
			synctest.Wait()
			whileEncoding(p, func(b *batch, first int) {
				b.stop(first-1, context.Canceled) // takes back the call at the worker, so that the message is not sent
				b.stop(first, context.Canceled)
			})
			return long[0], append(long[1:], atOnce(t, p, make([]load, 4)...)[0])
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := openJournal(t, 1, honest)
				if _, err := WaitAll(t.Context(), atOnce(t, p, make([]load, 1000)...)...); err != nil { // the pool learns that they are quick
					t.Fatal(err)
				}
				long, cancelled := test(t, p)
				synctest.Wait()
				for i, f := range cancelled {
					if !f.finished() {
						t.Errorf("%d of those that were cancelled is %v", i, f)
					} else if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				}
				long.Cancel()
				if err := p.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
				undisturbed(t, p, 1)
				nothingLeft(t, p)
			})
		})
	}
}

// When a call is cancelled while its large argument is being sent, the time that the worker has to skip it includes the
// time that the argument may take.
func TestCancelWhileSending(t *testing.T) {
	withHooks(t, func(t *testing.T, p *Pool, h *hooked) {
		slow := true
		h.send = func(m link.Msg) error {
			if m.Kind == kindTask && slow {
				slow = false
				time.Sleep(p.opts.KillDelay + 1200*time.Millisecond)
			}
			return nil
		}
		f := Submit(t.Context(), p, loaded, load{Data: make([]byte, 8<<20)})
		synctest.Wait()
		f.Cancel()
		if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if n, err := Apply(t.Context(), p, echo, 7); n != 7 || err != nil {
			t.Error(n, err)
		}
		undisturbed(t, p, 1)
	})
}

// A timer that was set for one skip, which the worker has made since, does not kill the worker for the next skip.
func TestLateTimerForASkip(t *testing.T) {
	withHooks(t, func(t *testing.T, p *Pool, _ *hooked) {
		p.mu.Lock()
		w := p.workers[0]
		w.skips = []uint64{w.numbers}
		p.mu.Unlock()
		w.receiver.waiting.Store(true)
		w.mute(w.numbers-1, 0)
		p.mu.Lock()
		w.skips = nil
		p.mu.Unlock()
		w.receiver.waiting.Store(false)
		synctest.Wait()
		undisturbed(t, p, 1)
	})
}

// When a worker ends before it has begun a cancelled call, the call ends, too. It does not wait for another worker.
func TestCancelWhatNobodyBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool()
		deaf := func(s *stage) {
			s.task()
			for err := error(nil); err == nil; {
				_, err = s.link.Recv()
			}
		}
		late := func(s *stage) { time.Sleep(time.Minute); honest(s) }
		p.backend, p.opts = &actor{plays: []func(*stage){deaf, deaf, late}, delay: time.Second}, Options{Workers: 2, KillDelay: time.Second}
		begin(t, p)
		long := Submit(t.Context(), p, loaded, load{Run: time.Hour})
		synctest.Wait()
		f := Submit(t.Context(), p, loaded, load{})
		synctest.Wait()
		f.Cancel()
		time.Sleep(2 * p.opts.KillDelay)
		synctest.Wait()
		if !f.finished() {
			t.Error(f)
		}
		if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		long.Cancel()
		if err := p.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		nothingLeft(t, p)
		time.Sleep(time.Minute) // until the late worker ends
	})
}
