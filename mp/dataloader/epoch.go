package dataloader

import (
	"cmp"
	"slices"
)

// epoch is the schedule of one pass over the dataset: which batch is where. It only decides: core tells it what has happened, and
// epoch says what to send and what to yield. The loader's mutex guards it.
type epoch struct {
	number   int
	seed     uint64
	iterable bool // of an IterableDataset
	prefetch int
	order    Order
	policy   Policy
	retries  int // of a sample, or a batch, that comes too late
	crashes  int // retries of a sample, or a batch, whose worker died
	record   *record

	drawn   int            // the number of the next batch that is drawn: PyTorch's _send_idx
	all     bool           // the sampler has no more
	open    []*task        // drawn and not yielded, by number; the first one is PyTorch's _rcvd_idx
	queue   []*task        // the open ones that are to be sent, by number
	untold  []*SampleError // what was left out of batches that are not open any more, until OnSkip is called
	delayed bool           // the loop has just waited for a faulty batch: see Stats.Delayed
	ahead   []int          // numbers of batches that were yielded before their turn
	seats   []seat         // of the workers, by their ID
	turn    int            // the seat that is next

	unyielded *unyielded // the batch that is about to be yielded
}

// unyielded is a batch that is not open any more and was not yielded yet: before that, the loader asks the sampler for more.
type unyielded struct {
	before  State // the state without the batch
	samples int
}

// record is what a loader remembers from epoch to epoch.
type record struct {
	crashes map[int]int          // by sample: deaths of its workers, until it was got
	bad     map[int]*SampleError // by sample: the quarantined ones
	stats   *Stats
	dataset string // the name of the function that opens it
	collate string // the name of the function that makes the batches
}

// skip notes that n samples of a batch were left out.
func (e *epoch) skip(t *task, why *SampleError, n int) {
	e.record.stats.Skipped += n
	e.record.stats.LastSkipped = why
	t.without = append(t.without, why)
}

// seat is the position of a worker in the schedule. A worker that replaces another one takes its seat.
type seat struct {
	ready bool
	out   []*task // ordered and not answered, in the order of sending
	held  int     // batches from it that have arrived and still take room

	// Of an IterableDataset: how many of the samples of its share have arrived, and how many were yielded.
	arrived, yielded int
	ended, over      bool // all have arrived; all were yielded
	fresh            bool // the next order begins a new iteration
}

// wants reports whether another batch should be drawn.
func (e *epoch) wants() bool { return !e.all && len(e.open) < len(e.seats)*e.prefetch }

// add takes in the next batch of the sampler, unless it was yielded ahead of its turn before Restore.
func (e *epoch) add(indices []int) {
	number := e.drawn
	e.drawn++
	if slices.Contains(e.ahead, number) {
		return
	}
	t := &task{number: number, indices: indices, seat: anySeat}
	e.open = append(e.open, t)
	e.skipQuarantined(t)
	if t.done = t.done || len(t.indices) == 0; !t.done {
		e.queue = append(e.queue, t)
	}
}

// skipQuarantined takes quarantined samples out of a new batch. With Fail, the batch gets the error of the first one instead.
func (e *epoch) skipQuarantined(t *task) {
	if len(e.record.bad) == 0 {
		return
	}
	kept := make([]int, 0, len(t.indices))
	for _, i := range t.indices {
		known := e.record.bad[i]
		if known == nil {
			kept = append(kept, i)
			continue
		}
		why := *known
		why.Batch, why.Indices = t.number, t.indices
		if e.policy == Fail {
			t.err, t.done = &why, true
			return
		}
		e.skip(t, &why, 1)
	}
	t.indices = kept
}

// addShare queues another batch for the next worker of an IterableDataset that is not at its end.
func (e *epoch) addShare() {
	for range e.seats {
		id := e.turn
		e.turn = (e.turn + 1) % len(e.seats)
		if !e.seats[id].ended {
			t := &task{number: e.drawn, seat: id}
			e.drawn++
			e.open, e.queue = append(e.open, t), append(e.queue, t)
			return
		}
	}
	e.all = true
}

// assign calls send for every queued batch that a worker has room for.
func (e *epoch) assign(send func(id int, t *task)) {
	for i := 0; i < len(e.queue); {
		t := e.queue[i]
		id := e.seatFor(t)
		switch {
		case id >= 0:
			e.queue = slices.Delete(e.queue, i, i+1)
			e.seats[id].out = append(e.seats[id].out, t)
			send(id, t)
		case t.seat == anySeat:
			return
		default:
			i++
		}
	}
}

func (e *epoch) seatFor(t *task) int {
	if e.iterable {
		if e.seats[t.seat].free(e.prefetch) {
			return t.seat
		}
		return -1
	}
	for n := range e.seats {
		if id := (e.turn + n) % len(e.seats); e.seats[id].free(e.prefetch) {
			e.turn = (id + 1) % len(e.seats)
			return id
		}
	}
	return -1
}

func (s *seat) free(prefetch int) bool { return s.ready && len(s.out)+s.held < prefetch }

// find returns the batch that worker id was ordered with this serial; nil: none.
func (e *epoch) find(id int, serial uint64) *task {
	out := e.seats[id].out
	if i := slices.IndexFunc(out, func(t *task) bool { return t.serial == serial }); i >= 0 {
		return out[i]
	}
	return nil
}

// came takes in a worker's reply to an order for t, and reports whether there is a batch to be kept.
func (e *epoch) came(t *task, m *member, r *reply) bool {
	s := &e.seats[m.id]
	s.out = slices.DeleteFunc(s.out, func(o *task) bool { return o == t })
	t.serial = 0
	switch {
	case r.Trouble != nil:
		e.blame(t, m.fault(r.Trouble, e.record))
		return false
	case t.probing():
		e.innocent(t)
		return false
	}
	e.note(t, m, r)
	t.done, t.seat = true, m.id
	if e.iterable {
		s.arrived += r.Yielded
		s.ended = s.ended || r.End
	}
	t.reply = r
	if r.Samples <= 0 {
		return false
	}
	t.owner = m
	s.held++
	return true
}

// note counts what was left out of the batch. The worker has survived all samples of the batch, so their crashes are forgotten.
func (e *epoch) note(t *task, m *member, r *reply) {
	for _, i := range t.indices {
		delete(e.record.crashes, i)
	}
	for i := range r.Skipped {
		position, n := r.Skipped[i].Position, 1
		if position == whole { // the whole batch, apart from samples that were skipped one by one
			n = r.Yielded - len(r.Skipped) + 1
		}
		e.skip(t, e.sampleError(t, m.fault(&r.Skipped[i], e.record), e.indexOf(t, position)), n)
	}
}

// next returns the batch that is to be yielded now; nil: it has not arrived yet, or over says that there are no more.
func (e *epoch) next() *task {
	for i := 0; i < len(e.open); {
		t := e.open[i]
		if !e.order.allows(t.number - e.open[0].number) {
			return nil
		}
		if !t.done {
			i++
			continue
		}
		e.delayed = e.delayed || t.faulty
		if t.err != nil || t.owner != nil { // it stays open until it is delivered
			return t
		}
		e.shut(t)
		i = 0 // t had no sample left; without it, Order may allow more
	}
	return nil
}

// shut takes a batch off the open ones: it is about to be yielded, or no sample is left of it.
func (e *epoch) shut(t *task) {
	i := slices.Index(e.open, t)
	e.open = slices.Delete(e.open, i, i+1)
	e.untold = append(e.untold, t.without...)
	if i > 0 {
		e.ahead = append(e.ahead, t.number)
		slices.Sort(e.ahead)
	} else {
		first := e.first()
		e.ahead = slices.DeleteFunc(e.ahead, func(n int) bool { return n < first })
	}
	if e.iterable && t.reply != nil {
		s := &e.seats[t.seat]
		s.yielded += t.reply.Yielded
		s.over = s.over || t.reply.End
	}
}

// takeUntold returns the errors that OnSkip is still to be called with, once.
func (e *epoch) takeUntold() []*SampleError {
	untold := e.untold
	e.untold = nil
	return untold
}

// first returns the number of the first batch that was not yielded.
func (e *epoch) first() int {
	if len(e.open) > 0 {
		return e.open[0].number
	}
	return e.drawn
}

// over reports whether all batches were yielded.
func (e *epoch) over() bool { return e.all && len(e.open) == 0 }

// vacate frees the room of a batch at its seat.
func (e *epoch) vacate(t *task) { e.seats[t.seat].held-- }

// ready notes that the worker with this ID has come up, the first one or one that replaces it.
func (e *epoch) ready(id int) {
	s := &e.seats[id]
	s.ready, s.fresh = true, true
}

// again queues a batch for another attempt.
func (e *epoch) again(t *task) {
	t.faulty = true
	i, found := slices.BinarySearchFunc(e.queue, t, func(a, b *task) int { return cmp.Compare(a.number, b.number) })
	if !found {
		e.queue = slices.Insert(e.queue, i, t)
	}
}
