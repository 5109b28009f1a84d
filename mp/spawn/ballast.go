package spawn

import (
	"runtime/debug"
	"strings"
)

// Ballast spares a process most of its garbage collections. Large arguments, samples and batches are garbage soon, and a worker
// often has little else: with the least heap there is, 4 MiB, every few of them a collection would stop the function and have
// threads run on processors that other workers compute on. The ballast counts as heap, so that as much garbage as it is large may
// gather before a collection (in proportion to GOGC). Nobody writes to it, so it takes no memory itself.
type Ballast struct {
	taken bool
	mem   strings.Builder // which does not clear it either
}

// WorkerBallast is how many bytes a worker takes.
const WorkerBallast = 8 << 20

// Take takes in a ballast of that many bytes, once, and none where the memory is limited to not much more. That is a reason to
// collect garbage by itself, which takes a millisecond.
func (b *Ballast) Take(size int) {
	if !b.taken {
		b.taken = true
		if debug.SetMemoryLimit(-1)/64 >= int64(size) {
			b.mem.Grow(size)
		}
	}
}

// Drop gives the ballast up, for good.
func (b *Ballast) Drop() { *b = Ballast{taken: true} }
