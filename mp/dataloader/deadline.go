package dataloader

import (
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// deadline is the time by which a worker must answer an order, or come up. Otherwise it is killed.
type deadline struct {
	serial uint64    // of the order; 0: none, or the worker is to come up
	off    bool      // the order is one to drop all others
	since  time.Time // the worker can have begun the order from then on
	at     time.Time // zero: there is no deadline
	why    string    // in the error: when it should have stopped
}

// bounds are the options that deadlines depend on.
type bounds struct{ init, kill time.Duration }

// callOffFloor is how long a worker has at least to drop its orders when it is called off. It has done nothing wrong, and KillDelay,
// which is meant for workers that hang, may be shorter than a sample takes. Tests change it.
var callOffFloor = time.Second

func (o *Options) bounds() bounds { return bounds{o.InitTimeout, max(o.KillDelay, 0)} }

// up is the deadline of a worker that was just started.
func (b bounds) up(now time.Time) deadline {
	return deadline{since: now, at: now.Add(spawn.Sum(b.init, b.kill)), why: fmt.Sprintf("at its InitTimeout of %v", b.init)}
}

// answer is the deadline of a worker that can begin an order now. limit is how long the order may take; 0: no limit.
func (b bounds) answer(serial uint64, limit time.Duration, now time.Time) deadline {
	d := deadline{serial: serial, since: now}
	if limit > 0 {
		d.at, d.why = now.Add(spawn.Sum(limit, b.kill)), fmt.Sprintf("at its Timeout of %v", limit)
	}
	return d
}

// drop is the deadline of a worker that had the deadline d and is told to drop all orders. A worker that was told so before, or has
// overstepped its Timeout, gets no more time: only a reply of its own shows that it does not hang.
func (b bounds) drop(d deadline, serial uint64, now time.Time) deadline {
	overdue := !d.at.IsZero() && now.After(d.at.Add(-b.kill))
	if !d.off && !overdue {
		d.at = now.Add(max(callOffFloor, b.kill))
	}
	d.serial, d.off, d.since, d.why = serial, true, now, "when it was called off"
	return d
}
