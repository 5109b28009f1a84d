package dataloader

import "time"

// task is a batch as the parent sees it, from the sampler to the Epoch loop.
type task struct {
	number  int
	indices []int         // those that were not left out
	seat    int           // of the worker that has to make it, or has made it, or anySeat
	serial  uint64        // of its order; 0: no worker has one
	limit   time.Duration // for its order; 0: none
	late    map[int]int   // by index: how often a sample, or the batch (whole), was late
	crashes int           // deaths of workers at the batch as a whole
	stalls  int           // how often a worker died that had it next, and had not begun it
	parts   []part        // parts of the batch that are tried alone; the last one is next
	tried   bool          // parts were tried

	faulty  bool           // it did not come at the first attempt
	done    bool           // it has arrived or failed, or no sample is left of it
	reply   *reply         // with the batch
	owner   *member        // the worker whose slab and room it takes; nil: none
	slab    int            // the worker's slab in which it is made
	without []*SampleError // what was left out of it
	made    any            // the batch, with Workers 0
	err     error
}

// anySeat is the seat of a batch that any worker may get.
const anySeat = -1

// part is a part of a batch that is tried alone. If the first half of a failed part is good, the second half is to blame.
type part struct {
	indices []int
	first   bool
}

// probing reports whether only a part of the batch is to be tried.
func (t *task) probing() bool { return len(t.parts) > 0 }

// trying returns the samples of the next attempt.
func (t *task) trying() []int {
	if t.probing() {
		return t.parts[len(t.parts)-1].indices
	}
	return t.indices
}

// strike counts that a sample, or the batch (whole), was too late, and returns how often it was.
func (t *task) strike(index int) int {
	if t.late == nil {
		t.late = make(map[int]int)
	}
	t.late[index]++
	return t.late[index]
}

// pop removes the part that was tried.
func (t *task) pop() part {
	last := t.parts[len(t.parts)-1]
	t.parts = t.parts[:len(t.parts)-1]
	t.tried = true
	return last
}

// split replaces the next part by its halves.
func (t *task) split() { t.parts = append(t.parts, halves(t.pop().indices)...) }

func halves(indices []int) []part {
	half := len(indices) / 2
	return []part{{indices: indices[half:]}, {indices: indices[:half], first: true}}
}
