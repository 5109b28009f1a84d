package pool

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// In the tests of this file a time limit of math.MaxInt64 means never. They run in the time of testing/synctest.

// With an endless KillDelay, a worker that is told to go may take as long as it wants.
func TestKillDelayForEver(t *testing.T) {
	leak.Check(t)
	synctest.Test(t, func(t *testing.T) {
		events, over := make(chan Event, 10), make(chan struct{})
		p := newPool()
		p.backend = &actor{plays: []func(*stage){func(s *stage) {
			defer close(over)
			id, _ := s.task()
			s.started(id)
			s.answer(id, 0, 7)
			s.chunk() // it is told to go
			time.Sleep(time.Hour)
		}, honest}}
		p.opts = Options{Workers: 1, MaxTasksPerWorker: 1, KillDelay: math.MaxInt64, OnEvent: func(e Event) { events <- e }}
		begin(t, p)
		defer p.Close()
		if n, err := Apply(t.Context(), p, echo, 1); n != 7 || err != nil {
			t.Error(n, err)
		}
		for e := range events {
			if e.Kind == EventStarted {
				continue
			}
			if e.Kind != EventRecycled {
				t.Error(e)
			}
			break
		}
		<-over
	})
}

// A worker may take as long as it wants to begin an item whose Timeout is endless.
func TestTimeoutForEver(t *testing.T) {
	leak.Check(t)
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		p := newPool()
		p.backend = &actor{plays: []func(*stage){func(s *stage) {
			defer close(over)
			id, _ := s.task()
			time.Sleep(time.Hour)
			s.started(id)
			time.Sleep(time.Hour)
			s.answer(id, 0, 7)
			s.chunk()
		}, honest}}
		p.opts = Options{Workers: 1}
		begin(t, p)
		defer func() {
			p.Close()
			<-over
		}()
		n, err := Apply(t.Context(), p, echo, 1, Timeout(math.MaxInt64))
		if started := p.Stats().Started; n != 7 || err != nil || started != 1 {
			t.Errorf("%d, %v, %d workers", n, err, started)
		}
	})
}
