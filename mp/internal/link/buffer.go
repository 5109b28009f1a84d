package link

import (
	"sync"
	"sync/atomic"
)

// blockSize is how much one read of a socket asks for. Bodies that fit share a block; larger ones get memory of their own.
const blockSize = 64 << 10

// block is a buffer that received messages borrow from. The reader that fills it holds one reference, and each message holds
// one until its Release. Dropping the last reference recycles the block.
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

// buffer is memory for one body copied out of a slab. It is reused, since fresh memory costs more than the copy.
type buffer struct {
	data  []byte
	class int
}

var buffers [len(classes)]sync.Pool

func newBuffer(class int) *buffer {
	if b, ok := buffers[class].Get().(*buffer); ok {
		return b
	}
	return &buffer{class: class}
}

func (b *buffer) release() { buffers[b.class].Put(b) }
