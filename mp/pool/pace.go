package pool

import "time"

const (
	// chunkWork is how much work a chunk should be: enough for the messages not to matter, little enough for the last
	// one not to make everybody wait.
	chunkWork = 500 * time.Microsecond
	// rowWork is the same for items that are answered together, and that nobody looks at before the last one: each chunk wakes
	// the pool once.
	rowWork = 4 * time.Millisecond
	// rowWorkFrom is the mean duration from which items make chunks of rowWork: of shorter ones, so many arguments and results
	// would not stay in the cache.
	rowWorkFrom = 50 * time.Microsecond
	// aheadBelow is the mean duration below which items are sent ahead to a worker that is busy with others of their call, so that
	// it never waits for more. In longer ones the wait does not matter.
	aheadBelow = 100 * time.Millisecond

	maxChunk = 4096
)

// pace measures how long the items of a call take, for the size of chunks. The first items are sent one by one.
type pace struct {
	mean time.Duration // 0: unknown
	size int           // of the chunk given out last
}

// measured adds the duration of an item, or the mean one of items that were answered together.
func (p *pace) measured(d time.Duration) {
	if p.mean == 0 {
		p.mean = max(d, 1)
		return
	}
	p.mean = max((7*p.mean+d)/8, 1)
}

// chunk is how many of the items that are left to send at once, for so much work: it at most doubles, and shrinks towards the
// end so that the workers end together.
func (p *pace) chunk(left, workers int, work time.Duration) int {
	size := 1
	if p.mean > 0 {
		size = min(int(work/p.mean), 2*p.size, maxChunk, left/(4*workers))
	}
	p.size = max(size, 1)
	return p.size
}

// ahead reports whether some of the items that are left may be sent to a worker that is not done with others: not the last
// ones, for which another worker may be free sooner.
func (p *pace) ahead(left, workers int) bool {
	return p.mean > 0 && p.mean < aheadBelow && (p.mean < chunkWork || left > workers)
}
