package pool

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// slowLink is a link whose messages are posted late, as when the process is not on a processor.
type slowLink struct {
	*link.InProcess
	late           time.Duration
	posted, awoken atomic.Int32
	flushing       sync.Mutex
}

func (l *slowLink) Post(link.Msg) error {
	time.Sleep(l.late)
	l.posted.Add(1)
	return nil
}

func (l *slowLink) Send(link.Msg) error {
	l.posted.Add(1)
	return l.Flush()
}

func (l *slowLink) Flush() error {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	l.awoken.Store(l.posted.Load())
	return nil
}

// The pool is woken for every answer while the next item takes long, however late the answer is posted.
func TestAnswersAreSeen(t *testing.T) {
	for _, late := range []time.Duration{0, longestOwed, 4 * longestOwed} {
		a, _ := link.NewInProcessJournal()
		l := &slowLink{InProcess: a, late: late}
		r := newOutbox(l)
		for n := range int32(3 * mostOwed) {
			if err := r.send(link.Msg{}, true); err != nil {
				t.Fatal(err)
			}
			if n%3 == 2 {
				continue
			}
			for began := time.Now(); l.awoken.Load() != l.posted.Load(); time.Sleep(longestOwed) {
				if time.Since(began) > 5*time.Second {
					t.Fatalf("late by %v: the pool was woken for %d of %d answers", late, l.awoken.Load(), l.posted.Load())
				}
			}
		}
	}
}
