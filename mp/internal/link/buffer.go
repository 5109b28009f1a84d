package link

import (
	"sync"
	"sync/atomic"
)

// blockSize is what one read asks for; messages that fit share a block, larger ones get their own.
const blockSize = 64 << 10

// block is a read buffer that messages borrow from. The reader holds one reference while it fills the block, each
// message one until its Release; the last one recycles it.
type block struct {
	data []byte
	refs atomic.Int32
}

var blocks = sync.Pool{New: func() any { return &block{data: make([]byte, blockSize)} }}

func newBlock() *block {
	b := blocks.Get().(*block)
	b.refs.Store(1)
	return b
}

func (b *block) release() {
	if b.refs.Add(-1) == 0 {
		blocks.Put(b)
	}
}
