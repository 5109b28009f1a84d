package pool

import (
	"fmt"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// EventKind says what has happened.
type EventKind string

// What happens to workers and items. Err is set as told here.
const (
	EventStarted     EventKind = "started"     // a worker is ready, a replacement perhaps
	EventRecycled    EventKind = "recycled"    // a worker has ended in order, to be replaced or for want of work; Err says why
	EventDied        EventKind = "died"        // a worker has ended by itself; Err is the *ExitError
	EventKilled      EventKind = "killed"      // a worker was killed by the pool, for a deadline, say; Err is the *ExitError
	EventRetried     EventKind = "retried"     // an item failed and is run again; Err is the failure
	EventQuarantined EventKind = "quarantined" // an item has ended too many workers; Err is the error of the call
)

// Event is something that has happened to a worker or an item of a pool.
type Event struct {
	Kind   EventKind
	Time   time.Time
	Worker string // its name; empty when it is about an item only
	Pid    int    // of the worker
	Func   string // what it was about, for items and for workers that ended while they ran something
	Index  int    // of the item in its call, −1 when there is none
	Err    error
}

// String is the event in a line: "died PoolWorker-2 (pid 4711) resize[7]: …".
func (e Event) String() string {
	s := string(e.Kind)
	if e.Worker != "" {
		s += fmt.Sprintf(" %s (pid %d)", e.Worker, e.Pid)
	}
	if e.Func != "" {
		s += " " + taskName(e.Func, e.Index)
	}
	if e.Err != nil {
		s += ": " + trimmed(e.Err)
	}
	return s
}

// events passes events on in their order, in a goroutine that lives while there are any.
type events struct {
	tell func(Event)

	mu      sync.Mutex
	waiting []Event
	telling bool
}

func (q *events) add(e Event) {
	if q.tell == nil {
		return
	}
	e.Time = time.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, e)
	if !q.telling {
		q.telling = true
		go q.run()
	}
}

// run tells what waits. A function that ends its goroutine takes this one with it; then another one goes on.
func (q *events) run() {
	over := false
	defer func() {
		if !over {
			go q.run()
		}
	}()
	for e, more := q.next(); more; e, more = q.next() {
		q.tell(e)
	}
	over = true
}

// next takes the oldest event; false when there is none.
func (q *events) next() (e Event, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.telling = len(q.waiting) > 0; !q.telling {
		return e, false
	}
	e = q.waiting[0]
	q.waiting[0] = Event{} // the array behind it stays
	q.waiting = q.waiting[1:]
	return e, true
}

// ended is the event of a worker that has ended.
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
