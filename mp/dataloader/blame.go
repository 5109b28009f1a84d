package dataloader

import "slices"

// fault is what went wrong at a worker.
type fault struct {
	position int // in the order; whole: no single sample
	attempts int
	late     bool // its time was over
	died     bool // the worker has died
	err      error
	worker   string
	pid      int
}

// mostStalls is how many workers may die just before they begin a batch; after more, and more than CrashRetries, the batch is to
// blame: receiving it may be what kills them.
const mostStalls = 2

// died takes back the orders of a worker that has died, and blames what it was at, or was about to begin.
func (e *epoch) died(id int, word uint64, f fault) {
	at := e.at(id, word)
	out := e.takeBack(id)
	switch {
	case at != nil:
		_, f.position = begun(word)
		e.blame(at, f)
	case len(out) > 0:
		e.stalled(out[0], f)
	}
}

// at returns which of its orders a worker is at, according to its atWork word; nil: none.
func (e *epoch) at(id int, word uint64) *task {
	serial, _ := begun(word)
	for _, t := range e.seats[id].out {
		if word != 0 && uint32(t.serial) == serial {
			return t
		}
	}
	return nil
}

// takeBack takes back the orders of a worker that is gone, and queues them again.
func (e *epoch) takeBack(id int) []*task {
	s := &e.seats[id]
	out := s.out
	s.out, s.ready = nil, false
	for _, t := range out {
		t.serial = 0
		e.again(t)
	}
	return out
}

// stalled notes that a worker has died just before it began t.
func (e *epoch) stalled(t *task, f fault) {
	switch t.stalls++; {
	case t.stalls <= max(mostStalls, e.crashes):
		return
	case t.probing() && len(t.trying()) > 1:
		t.split()
	default:
		f.position = whole
		e.hopeless(t, f, e.indexOf(t, whole))
	}
	t.stalls = 0
}

// indexOf returns the index of the sample at a position of what is tried; whole if no single sample is meant.
func (e *epoch) indexOf(t *task, position int) int {
	indices := t.trying()
	switch {
	case position >= 0 && position < len(indices):
		return indices[position]
	case len(indices) == 1:
		return indices[0]
	}
	return whole
}

// blame decides what becomes of a batch that could not be got.
func (e *epoch) blame(t *task, f fault) {
	index := e.indexOf(t, f.position)
	if e.iterable && !f.died { // its iteration is over
		e.hopeless(t, f, index)
		return
	}
	if t.probing() && index < 0 {
		t.split()
		e.again(t)
		return
	}
	mayTry := false
	switch {
	case f.late:
		f.attempts = t.strike(index)
		mayTry = f.attempts <= e.retries
	case f.died && index < 0:
		t.crashes++
		f.attempts = t.crashes
		mayTry = t.crashes <= e.crashes
	case f.died:
		e.record.crashes[index]++
		f.attempts = e.record.crashes[index]
		mayTry = f.attempts <= e.crashes
	}
	if mayTry {
		e.again(t)
		return
	}
	e.hopeless(t, f, index)
}

// hopeless handles a sample, or a batch, whose last attempt has failed, as the policy says.
func (e *epoch) hopeless(t *task, f fault, index int) {
	err := e.sampleError(t, f, index)
	if f.died && index >= 0 {
		err.quarantined = true
		e.record.bad[index] = err
	}
	switch {
	case e.policy == Fail || e.iterable:
		e.settle(t, err)
	case index >= 0:
		e.skipSample(t, index, err)
	case len(t.indices) > 1 && !t.tried:
		t.parts = halves(t.indices)
		e.again(t)
	default:
		e.skip(t, err, len(t.indices))
		t.indices = nil
		e.settle(t, nil)
	}
}

// settle ends a batch that has failed with err, or that has no sample left: err is nil then.
func (e *epoch) settle(t *task, err error) {
	t.err, t.done, t.faulty = err, true, true
	e.queue = slices.DeleteFunc(e.queue, func(o *task) bool { return o == t })
}

// skipSample takes a sample out of a batch.
func (e *epoch) skipSample(t *task, index int, why *SampleError) {
	is := func(i int) bool { return i == index }
	before := len(t.indices)
	t.indices = slices.DeleteFunc(slices.Clone(t.indices), is)
	e.skip(t, why, before-len(t.indices))
	delete(t.late, whole) // without the sample it is another batch
	t.crashes = 0
	for i := range t.parts {
		t.parts[i].indices = slices.DeleteFunc(slices.Clone(t.parts[i].indices), is)
	}
	t.parts = slices.DeleteFunc(t.parts, func(p part) bool { return len(p.indices) == 0 })
	if len(t.indices) == 0 {
		e.settle(t, nil)
		return
	}
	e.again(t)
}

// innocent notes that a part of a batch is good. If it was a first half, the second half is to blame and is split.
func (e *epoch) innocent(t *task) {
	if p := t.pop(); p.first && t.probing() && len(t.trying()) > 1 {
		t.split()
	}
	e.again(t)
}

// sampleError makes the error of a batch, or of a sample of it.
func (e *epoch) sampleError(t *task, f fault, index int) *SampleError {
	return &SampleError{
		Dataset: e.record.dataset, Index: index, Batch: t.number, Indices: slices.Clone(t.trying()),
		Worker: f.worker, Pid: f.pid, Attempts: f.attempts, Err: f.err, late: f.late, skipped: e.policy == Skip,
	}
}
