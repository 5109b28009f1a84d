package pool

import (
	"errors"
	"math"
	"sync/atomic"
	"time"
)

// Progress is how far a call has come; OnProgress reports it. In Python, tqdm counts the results of imap instead.
type Progress struct {
	// Done counts the items that have an outcome, Failed those of them whose outcome is an error. An item that is run again
	// counts once, with its last attempt. An item that was cut short because the call had stopped does not count.
	Done, Failed int
	// Total is the number of items; −1 while it is not known, because the iterator has not ended.
	Total int
	// Elapsed is the time since the call began.
	Elapsed time.Duration
	// Rate is Done for each second of Elapsed. The recent rate follows from the difference of two reports.
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

// Left is how much longer the call takes if it goes on at this rate; 0 when that is unknown, because Total is not known or
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

// OnProgress calls f with how far Map, IMap or IMapUnordered has come: every 100 ms, and once at the end, before Map
// returns or the loop ends, whatever the end is. All these calls of f come from one goroutine. While f is slow, the items
// go on; only the end of the call waits for it. f is not called when the pool refuses the call. When f panics, the call is
// cancelled, and Map or the loop panics with the same value.
//
// With OnProgress, every item is answered by itself, which makes quick items of a Map slower; a nil f is no OnProgress.
// Apply and Submit refuse it: their one item has Future.OnDone.
func OnProgress(f func(Progress)) CallOption { return func(o *callOptions) { o.progress = f } }

var errNoProgress = errors.New("OnProgress is for Map, IMap and IMapUnordered; for one call there is Future.OnDone")

var errProgressPanicked = errors.New("the function of OnProgress has panicked")

// progress counts the items of a call and reports to OnProgress. It is nil without OnProgress: start, sum, count and finish
// do nothing then.
type progress struct {
	call                *call
	tell                func(Progress)
	began               time.Time
	done, failed, total atomic.Int64

	ended    chan struct{} // closed when the call has ended
	told     chan struct{} // closed after the last call of tell
	panicked any           // what tell panicked with
}

// newProgress returns nil when the call has no OnProgress.
func newProgress(c *call) *progress {
	if c.opts.progress == nil {
		return nil
	}
	return &progress{call: c, tell: c.opts.progress, ended: make(chan struct{}), told: make(chan struct{})}
}

// start begins the reports. total is −1 if it is not known yet.
func (p *progress) start(total int) {
	if p != nil {
		p.began = time.Now()
		p.total.Store(int64(total))
		go p.run()
	}
}

// sum sets the number of items.
func (p *progress) sum(total int) {
	if p != nil {
		p.total.Store(int64(total))
	}
}

// count counts an item, by its outcome. The failure for which the call is about to be stopped counts, failures after the
// stop do not.
func (p *progress) count(err error) {
	if p == nil || err != nil && p.call.pool.isStopped(p.call) {
		return
	}
	p.done.Add(1)
	if err != nil {
		p.failed.Add(1)
	}
}

// finish makes the last report and waits until tell has returned. It panics with what tell has panicked with.
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

// now makes the report of this moment.
func (p *progress) now() Progress {
	failed := p.failed.Load() // first, so that it is not more than done
	s := Progress{Done: int(p.done.Load()), Failed: int(failed), Total: int(p.total.Load()), Elapsed: time.Since(p.began)}
	if s.Elapsed > 0 {
		s.Rate = float64(s.Done) / s.Elapsed.Seconds()
	}
	return s
}
