package pool

import (
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

var buffers = sync.Pool{New: func() any { return new(wire.Buffer) }}

// reuse keeps a buffer for the next chunk, unless it has grown large.
func reuse(b *wire.Buffer) {
	const keep = 1 << 20
	if cap(b.Data) <= keep {
		b.Reset()
		buffers.Put(b)
	}
}
