package pool

import (
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// EventKind says what has happened.
type EventKind string

// What happens to workers and items. Err is set as told here.
const (
	EventStarted     EventKind = "started"     // a worker is ready: one of the first or a replacement
	EventRecycled    EventKind = "recycled"    // a worker was let go and has ended, to be replaced or because it was idle; Err says why
	EventDied        EventKind = "died"        // a worker has ended by itself; Err is the *ExitError
	EventKilled      EventKind = "killed"      // a worker was killed, by the pool (after a deadline, say) or for its memory; Err is the *ExitError
	EventRetried     EventKind = "retried"     // an item failed and is run again; Err is the failure
	EventQuarantined EventKind = "quarantined" // an item has ended too many workers; Err is the error of the call
)

// Event is something that has happened to a worker or an item of a pool; Options.OnEvent is called with it. Python's pools
// have no events.
type Event struct {
	Kind   EventKind
	Time   time.Time // when it happened, not when OnEvent is called
	Worker string    // the name of the worker; empty when the event is about an item only
	Pid    int       // of the worker
	Func   string    // the function of the item, or the one that the worker ran when it ended
	Index  int       // of the item in its call, −1 when there is none
	Err    error
}

// String is the event in one line: "died PoolWorker-2 (pid 4711) resize[7]: …".
func (e Event) String() string {
	s := string(e.Kind)
	if e.Worker != "" {
		s += fmt.Sprintf(" %s (pid %d)", e.Worker, e.Pid)
	}
	if e.Func != "" {
		s += " " + taskName(e.Func, e.Index)
	}
	if e.Err != nil {
		s += ": " + spawn.Inner(e.Err).Error()
	}
	return s
}

// happened counts an event and queues it for OnEvent, to which a goroutine passes events on in order. The goroutine lives
// while there are any. p.mu is held, so that the event is there before what follows from it can be seen.
func (p *Pool) happened(e Event) {
	p.counts.add(e.Kind)
	if p.opts.OnEvent == nil {
		return
	}
	e.Time = time.Now()
	p.untold = append(p.untold, e)
	if !p.talking {
		p.talking = true
		go p.tell()
	}
}

// tell passes the queued events to OnEvent. If OnEvent ends this goroutine, with runtime.Goexit, another one goes on.
func (p *Pool) tell() {
	over := false
	defer func() {
		if !over {
			go p.tell()
		}
	}()
	for e, more := p.nextUntold(); more; e, more = p.nextUntold() {
		p.opts.OnEvent(e)
	}
	over = true
}

// nextUntold takes the oldest event out of the queue. When there is none, it returns false and clears p.talking.
func (p *Pool) nextUntold() (e Event, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.talking = len(p.untold) > 0; !p.talking {
		return e, false
	}
	e = p.untold[0]
	p.untold[0] = Event{} // the array is kept, but not what the event holds
	p.untold = p.untold[1:]
	return e, true
}

// ended makes the event of a worker that has ended. p.mu is held.
func (w *worker) ended(exit *spawn.ExitError) Event {
	e := Event{Worker: exit.Name, Pid: exit.Pid, Func: exit.Func, Index: exit.Index, Err: exit}
	switch {
	case exit.ExitCode == 0 && exit.Err == nil && w.leaving != nil:
		e.Kind, e.Err = EventRecycled, w.leaving
	case exit.Err != nil:
		e.Kind = EventKilled
	default:
		e.Kind = EventDied
	}
	return e
}
