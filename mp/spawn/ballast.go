package spawn

import (
	"runtime/debug"
	"strings"
)

// Ballast spares a process most of its garbage collections. Large arguments, samples and batches soon become garbage, and a
// worker often has little else on its heap. With Go's minimum heap of 4 MiB, every few of them would cause a collection, which
// stops the function and takes processors that other workers compute on. The ballast counts as heap, so that much more garbage
// may gather before a collection (in proportion to GOGC). Nothing writes to the ballast, so it takes no physical memory.
type Ballast struct {
	taken bool
	mem   strings.Builder // because its Grow does not clear the memory
}

// WorkerBallast is the size of a worker's ballast in bytes.
const WorkerBallast = 8 << 20

// Take allocates a ballast of size bytes. Only the first call does anything, and nothing where the memory limit of the Go
// runtime is less than 64 times size. The allocation itself causes a garbage collection, which takes a millisecond.
func (b *Ballast) Take(size int) {
	if !b.taken {
		b.taken = true
		if debug.SetMemoryLimit(-1)/64 >= int64(size) {
			b.mem.Grow(size)
		}
	}
}

// Drop releases the ballast. A later Take does nothing.
func (b *Ballast) Drop() { *b = Ballast{taken: true} }
