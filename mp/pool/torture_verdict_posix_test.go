//go:build unix

package pool_test

import (
	"fmt"

	"github.com/go-multiprocessing/multiprocessing/mp"
)

// wrong reports an invariant that does not hold for item i of a call; i < 0: for the call.
func (r *torture) wrong(o *ordeal, i int, format string, args ...any) {
	what := ""
	if i >= 0 && i < len(o.deeds) {
		what = fmt.Sprintf(", item %d, which was to %q", i, o.deeds[i].What)
	}
	r.t.Errorf("call %d, %s%s: %s", o.number, o.kind, what, fmt.Sprintf(format, args...))
}

// once notes the outcome of an item. A second outcome of the same item is wrong.
func (r *torture) once(o *ordeal, i int, outcome string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := [2]int{o.number, o.deeds[i].N}
	if before := r.done[at]; before != "" {
		r.wrong(o, i, "%s after %s", outcome, before)
	}
	r.done[at] = outcome
}

func (r *torture) succeeded(o *ordeal, i int) {
	r.tally.right.Add(1)
	r.once(o, i, "right")
}

// blamed notes that an item was blamed for the death of a worker. Only one item may be.
func (r *torture) blamed(o *ordeal, i int, exit *mp.ExitError) {
	r.tally.blames.Add(1)
	r.once(o, i, "blamed")
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, found := r.judged[exit.Pid]; found {
		r.wrong(o, i, "the death of pid %d was blamed on %v already", exit.Pid, other)
	}
	r.judged[exit.Pid] = [2]int{o.number, o.deeds[i].N}
	r.late[exit.Pid] = exit.Cause == mp.CauseDeadline && r.mayBeSlow(o)
}

// mayBeLate judges an item that ended by itself after its time was up. It must have waited for its deadline, or it may have
// been slow.
func (r *torture) mayBeLate(o *ordeal, i int, err error) {
	r.tally.late.Add(1)
	r.once(o, i, "late")
	if what := o.deeds[i].What; what != "wait" && !r.mayBeSlow(o) {
		r.wrong(o, i, "it was in time: %v", err)
	}
}

// settle compares the outcomes with the marks that the items have left. A worker that is being killed for one item may have
// begun the next item, which is innocent and begins again in another worker. innocents is how many such extra starts there
// may be: one for each worker that the pool killed and for each cancellation.
func (r *torture) settle(innocents int) {
	b := r.readMarks()
	r.mu.Lock()
	defer r.mu.Unlock()
	for pid, at := range r.judged {
		if !b.at[[3]int{pid, at[0], at[1]}] {
			// The worker was killed, by a fault or at a deadline, after it announced the item and before the item wrote its
			// first line. Or three workers (mostLost) died before they began the item.
			r.tally.unstarted.Add(1)
			if !r.killed[pid] && !r.late[pid] && r.stopped.Load() == 0 {
				r.t.Errorf("item %v was blamed for the end of pid %d, where it had not begun", at, pid)
			}
		}
	}
	for _, o := range r.calls {
		for i, d := range o.deeds {
			at := [2]int{o.number, d.N}
			if innocents -= max(b.starts[at]-o.tries, 0); innocents < 0 {
				r.wrong(o, i, "it was started %d times, %d are allowed", b.starts[at], o.tries)
			}
			if r.done[at] == "right" && (b.ends[at] == 0 || b.ends[at] > b.starts[at]) {
				r.wrong(o, i, "it has a result and was started %d times and ended %d times", b.starts[at], b.ends[at])
			}
		}
	}
}
