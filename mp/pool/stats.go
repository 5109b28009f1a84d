package pool

import (
	"cmp"
	"slices"
)

// Stats is what a pool says of itself.
type Stats struct {
	Workers []WorkerStats // those that are up, by name
	Queued  int           // items that are there and wait for a worker
	Started int           // workers that were started in the pool's life, replacements among them
}

// WorkerStats is what a pool says of a worker.
type WorkerStats struct {
	Name  string
	Pid   int
	Tasks int  // items that it has answered
	Busy  bool // it is at work on an item
}

// Stats is a snapshot.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{Started: p.started}
	for _, w := range p.workers {
		s.Workers = append(s.Workers, WorkerStats{w.seat.Name(), w.seat.Pid(), w.answered, w.running})
	}
	slices.SortFunc(s.Workers, func(a, b WorkerStats) int { // by number: PoolWorker-9 comes before PoolWorker-10
		return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	for c := range p.calls {
		s.Queued += c.limit - c.next + len(c.again)
	}
	return s
}
