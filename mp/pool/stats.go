package pool

import (
	"cmp"
	"slices"
	"time"
)

// Stats is the state of a pool. Python's pools have nothing like it.
type Stats struct {
	Workers []WorkerStats // those that are ready, by place
	Queued  int           // items that are there and wait for a worker
	Counts
	Slowest []SlowTask // the items that took longest in the pool's life, at most five, the slowest first
}

// Counts is what has happened in the life of a pool; see EventKind.
type Counts struct {
	Started, Recycled, Died, Killed int // workers
	Retried, Quarantined            int // items
}

func (c *Counts) add(kind EventKind) {
	switch kind {
	case EventStarted:
		c.Started++
	case EventRecycled:
		c.Recycled++
	case EventDied:
		c.Died++
	case EventKilled:
		c.Killed++
	case EventRetried:
		c.Retried++
	case EventQuarantined:
		c.Quarantined++
	}
}

// WorkerStats is the state of a worker.
type WorkerStats struct {
	Name     string
	Pid      int
	Restarts int    // how many workers were in its place before it
	Tasks    int    // items that it has answered
	Busy     bool   // it is at work on an item
	Leaving  bool   // it is given no more work, because it is recycled
	Task     string // what it is at work on, such as resize[7]
	Memory   int64  // bytes of memory that it uses now (RSS); 0: unknown, as InProcess

	Up      time.Duration // since it was ready
	Working time.Duration // of that, at work
}

// Load is the part of its time that the worker was at work, from 0 to 1.
func (w WorkerStats) Load() float64 {
	if w.Up <= 0 {
		return 0
	}
	return min(float64(w.Working)/float64(w.Up), 1)
}

// SlowTask is an item and how long it took.
type SlowTask struct {
	Func   string
	Index  int // of the item in its call, −1 when it had a single one
	Worker string
	Took   time.Duration
}

// slowTasks are the slowest items.
type slowTasks []SlowTask

func (s *slowTasks) note(t SlowTask) {
	const most = 5
	if len(*s) == most && t.Took <= (*s)[most-1].Took {
		return
	}
	at, _ := slices.BinarySearchFunc(*s, t, func(a, b SlowTask) int { return cmp.Compare(b.Took, a.Took) })
	*s = slices.Insert(*s, at, t)
	*s = (*s)[:min(len(*s), most)]
}

// Stats returns a snapshot. It may be called at any time, also after Close. It waits for nothing, and takes some 10 µs for
// each worker. The memory of the workers is measured a moment later than the rest.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	workers := slices.Clone(p.workers)
	slices.SortFunc(workers, func(a, b *worker) int { return cmp.Compare(a.place, b.place) })
	s := Stats{Queued: p.queued(), Counts: p.counts, Slowest: slices.Clone(p.slowest)}
	for _, w := range workers {
		s.Workers = append(s.Workers, w.stats())
	}
	p.mu.Unlock()
	for i, w := range workers {
		s.Workers[i].Memory = w.seat.Memory()
	}
	return s
}

// stats is a snapshot of what the pool itself knows, which is all but Memory. p.mu is held.
func (w *worker) stats() WorkerStats {
	task := w.atWork()
	s := WorkerStats{
		Name: w.seat.Name(), Pid: w.seat.Pid(), Restarts: w.before, Tasks: w.answered, Busy: task != "", Leaving: w.leaving != nil,
		Task: task, Up: time.Since(w.up), Working: w.worked,
	}
	if w.running {
		s.Working += time.Since(w.since)
	}
	return s
}
