package dataloader

import "time"

// task is a batch on its way.
type task struct {
	number  int
	indices []int // that are left of it
	seat    int   // of whoever has to get it, or has got it, or anySeat
	serial  uint64
	limit   time.Duration // that the order may take
	late    map[int]int   // how often a sample was, or whole: the batch
	crashes int           // of workers at it as a whole
	stalls  int           // how often its worker has died without having begun it
	parts   []part        // of it, that are tried alone; the last one first
	tried   bool          // they were

	faulty  bool // it did not come at the first attempt
	done    bool
	reply   *reply // it has arrived
	owner   *member
	slab    int            // of the worker, in which it is made
	without []*SampleError // what was left out of it
	made    any            // the batch, when it was made here
	err     error
}

// anySeat is the seat of a batch that any worker may get.
const anySeat = -1

// part of a batch. When it is the first half of one that has failed and proves good, the second one is to blame.
type part struct {
	indices []int
	first   bool
}

// probing reports whether only a part of the batch is to be tried.
func (t *task) probing() bool { return len(t.parts) > 0 }

// trying is what a worker is to get.
func (t *task) trying() []int {
	if t.probing() {
		return t.parts[len(t.parts)-1].indices
	}
	return t.indices
}

// strike counts that a sample was too late, or whole: the batch, and returns how often it was.
func (t *task) strike(index int) int {
	if t.late == nil {
		t.late = make(map[int]int)
	}
	t.late[index]++
	return t.late[index]
}

// pop takes off the part that was tried.
func (t *task) pop() part {
	last := t.parts[len(t.parts)-1]
	t.parts = t.parts[:len(t.parts)-1]
	t.tried = true
	return last
}

// split has the part that is next tried in halves.
func (t *task) split() { t.parts = append(t.parts, halves(t.pop().indices)...) }

func halves(indices []int) []part {
	half := len(indices) / 2
	return []part{{indices: indices[half:]}, {indices: indices[:half], first: true}}
}
