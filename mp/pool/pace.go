package pool

import "time"

const (
	// chunkWork is how much work a chunk should be: enough for the messages not to matter, little enough for the last
	// one not to make everybody wait.
	chunkWork = 500 * time.Microsecond
	// quick items are sent ahead to a worker that is busy with others of their call, so that it never waits for more.
	quick    = 2 * time.Millisecond
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

// chunk is how many of the items that are left to send at once: it at most doubles, and shrinks towards the end so that
// the workers end together.
func (p *pace) chunk(left, workers int) int {
	size := 1
	if p.mean > 0 {
		size = min(int(chunkWork/p.mean), 2*p.size, maxChunk, left/(4*workers))
	}
	p.size = max(size, 1)
	return p.size
}

// ahead reports whether items may be sent to a worker that is not done with others.
func (p *pace) ahead() bool { return p.mean > 0 && p.mean < quick }
