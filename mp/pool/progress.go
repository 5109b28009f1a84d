package pool

import (
	"errors"
	"math"
	"sync/atomic"
	"time"
)

// Progress is how far a call has come; OnProgress tells it. In Python, tqdm counts the results of imap instead.
type Progress struct {
	// Done counts the items that have an outcome, Failed those of them whose outcome is an error. An item that is run again
	// counts once, with its last attempt; one that was cut short because the call had stopped does not count.
	Done, Failed int
	// Total is the number of items; −1 while it is not known, because the iterator has not come to its end.
	Total int
	// Elapsed is the time since the call began.
	Elapsed time.Duration
	// Rate is Done for each second of Elapsed. Whoever wants to know how fast it was lately takes the difference of two.
	Rate float64
}

// Fraction is the part that is done, from 0 to 1; 0 while Total is not known.
func (p Progress) Fraction() float64 {
	switch {
	case p.Total < 0:
		return 0
	case p.Total == 0:
		return 1
	}
	return float64(p.Done) / float64(p.Total)
}

// Left is how much longer it takes if it goes on at this rate; 0 when that cannot be told, because Total is not known or
// nothing is done.
func (p Progress) Left() time.Duration {
	if p.Total < 0 || p.Done == 0 {
		return 0
	}
	left := float64(p.Elapsed) / float64(p.Done) * float64(p.Total-p.Done)
	if left >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(left)
}

// progressInterval is the least time between two reports.
const progressInterval = 100 * time.Millisecond

// OnProgress has f told how far Map, IMap or IMapUnordered has come: every 100 ms, and once at the end, however that
// comes, before Map returns or the loop ends. f is called in one goroutine of the call's own, never twice at once. While
// it is slow, the items go on; only the end waits for it. It is not called when the pool refuses the call. When it
// panics, the call is cancelled, and Map or the loop panics with the same value.
//
// An item costs one addition more; nil asks for nothing. Apply and Submit refuse it: their one item has Future.OnDone.
func OnProgress(f func(Progress)) CallOption { return func(o *callOptions) { o.progress = f } }

var errNoProgress = errors.New("OnProgress is for Map, IMap and IMapUnordered; for one call there is Future.OnDone")

var errProgressPanicked = errors.New("the function of OnProgress has panicked")

// progress counts the items of a call and tells how many they are. All its methods do nothing when it is nil.
type progress struct {
	call                *call
	tell                func(Progress)
	began               time.Time
	done, failed, total atomic.Int64

	ended    chan struct{} // closed when the call has ended
	told     chan struct{} // closed when tell is called no more
	panicked any           // what it panicked with
}

// newProgress is nil when nobody asks for it.
func newProgress(c *call) *progress {
	if c.opts.progress == nil {
		return nil
	}
	return &progress{call: c, tell: c.opts.progress, ended: make(chan struct{}), told: make(chan struct{})}
}

// start begins to tell.
func (p *progress) start(total int) {
	if p != nil {
		p.began = time.Now()
		p.total.Store(int64(total))
		go p.run()
	}
}

// sum says how many items there are.
func (p *progress) sum(total int) {
	if p != nil {
		p.total.Store(int64(total))
	}
}

// count counts an item, by its outcome: also the failure for which the call is about to be stopped, none after it.
func (p *progress) count(err error) {
	if p == nil || err != nil && p.call.pool.isStopped(p.call) {
		return
	}
	p.done.Add(1)
	if err != nil {
		p.failed.Add(1)
	}
}

// finish tells for the last time. It panics with what tell has panicked with.
func (p *progress) finish() {
	if p != nil {
		close(p.ended)
		<-p.told
		if p.panicked != nil {
			panic(p.panicked)
		}
	}
}

func (p *progress) run() {
	defer close(p.told)
	threw := true
	defer func() {
		if threw {
			if p.panicked = recover(); p.panicked == nil {
				p.panicked = "mp: the function of OnProgress has ended its goroutine with runtime.Goexit"
			}
			p.call.pool.stop(p.call, errProgressPanicked)
		}
	}()
	for goesOn := true; goesOn; {
		select {
		case <-time.After(progressInterval):
		case <-p.ended:
			goesOn = false
		}
		p.tell(p.now())
	}
	threw = false
}

// now is a snapshot.
func (p *progress) now() Progress {
	failed := p.failed.Load() // first, so that it is not more than done
	s := Progress{Done: int(p.done.Load()), Failed: int(failed), Total: int(p.total.Load()), Elapsed: time.Since(p.began)}
	if s.Elapsed > 0 {
		s.Rate = float64(s.Done) / s.Elapsed.Seconds()
	}
	return s
}
