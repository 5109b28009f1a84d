package dataloader

import (
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// deadline is when a worker is killed that has not answered.
type deadline struct {
	serial uint64    // of the order that it is to answer; 0: none, or it is to come up
	off    bool      // the order is to drop those before it
	since  time.Time // it can have begun it
	at     time.Time // zero: it has all the time
	why    string    // when it should have stopped
}

// bounds are what deadlines are made of.
type bounds struct{ init, kill time.Duration }

// callOffFloor is how long a worker has at least to drop what it was called off. It has done nothing wrong, and a KillDelay that is
// meant for what hangs may be shorter than a sample takes.
const callOffFloor = time.Second

func (o *Options) bounds() bounds { return bounds{o.InitTimeout, max(o.KillDelay, 0)} }

// up is for a worker that was started.
func (b bounds) up(now time.Time) deadline {
	return deadline{since: now, at: now.Add(spawn.Sum(b.init, b.kill)), why: fmt.Sprintf("at its InitTimeout of %v", b.init)}
}

// answer is for a worker that can begin an order now, which may take limit; 0: as long as it wants.
func (b bounds) answer(serial uint64, limit time.Duration, now time.Time) deadline {
	d := deadline{serial: serial, since: now}
	if limit > 0 {
		d.at, d.why = now.Add(spawn.Sum(limit, b.kill)), fmt.Sprintf("at its Timeout of %v", limit)
	}
	return d
}

// drop is for a worker with the deadline d that is told to drop all. One that is to do so already, or has overstepped its Timeout,
// gets no more time by that: only what it says itself shows that it does not hang.
func (b bounds) drop(d deadline, serial uint64, now time.Time) deadline {
	overdue := !d.at.IsZero() && now.After(d.at.Add(-b.kill))
	if !d.off && !overdue {
		d.at = now.Add(max(callOffFloor, b.kill))
	}
	d.serial, d.off, d.why = serial, true, "when it was called off"
	return d
}
