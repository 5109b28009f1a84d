package pool

import "time"

const (
	// chunkWork is how long a worker should be busy with a chunk: so long that the cost of messages does not matter, and so
	// short that the end of a call does not have to wait long for the last chunk.
	chunkWork = 500 * time.Microsecond
	// rowWork is chunkWork for items that are answered together and whose results are not wanted before the last one, as in
	// Map. Longer chunks wake the pool less often: each wakes it once.
	rowWork = 4 * time.Millisecond
	// rowWorkFrom is the mean duration from which items make chunks of rowWork. A chunk of shorter ones would have so many
	// arguments and results that they would not stay in the cache.
	rowWorkFrom = 50 * time.Microsecond
	// aheadBelow is the mean duration below which items are sent ahead to a worker that is busy with others of their call,
	// so that it never waits for more. With longer items the wait does not matter.
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

// chunk decides how many of the left items to send at once, so that they are this much work, and notes it. The size at most
// doubles from one chunk to the next, and shrinks towards the end of the call, so that the workers end together.
func (p *pace) chunk(left, workers int, work time.Duration) int {
	size := 1
	if p.mean > 0 {
		size = min(int(work/p.mean), 2*p.size, maxChunk, left/(4*workers))
	}
	p.size = max(size, 1)
	return p.size
}

// ahead reports whether a worker that is not done with other items may be sent some of the left ones. The last items,
// unless they are quick, wait for the worker that is free first.
func (p *pace) ahead(left, workers int) bool {
	return p.mean > 0 && p.mean < aheadBelow && (p.mean < chunkWork || left > workers)
}
