package pool

import (
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

var buffers = sync.Pool{New: func() any { return new(wire.Buffer) }}

// mostReused is the size up to which buffers are used again: fresh memory costs more than the copying. A buffer that is not
// needed for a while is garbage collected.
const mostReused = 32 << 20

// reuse keeps a buffer for the next chunk, unless it has grown very large.
func reuse(b *wire.Buffer) {
	b.Reset()
	if cap(b.Data) <= mostReused {
		buffers.Put(b)
	}
}
