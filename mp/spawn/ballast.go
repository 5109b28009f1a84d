package spawn

import "runtime/debug"

// Ballast spares a worker most of its garbage collections. Large arguments, and samples, are garbage soon, and a worker often has
// little else: with the least heap there is, 4 MiB, every few of them a collection would stop the function and have threads run
// on processors that other workers compute on. The ballast counts as heap, so that as much garbage as it is large may gather
// before a collection (in proportion to GOGC). Nobody writes to it, so it takes no memory itself.
type Ballast struct {
	taken bool
	mem   []byte
}

const ballastSize = 8 << 20

// Take takes the ballast in, once, and none where the memory is limited to not much more.
func (b *Ballast) Take() {
	if !b.taken {
		b.taken = true
		if debug.SetMemoryLimit(-1) >= 64*ballastSize {
			b.mem = make([]byte, ballastSize)
		}
	}
}
