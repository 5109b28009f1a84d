package link

import (
	"sync"
	"sync/atomic"
)

// blockSize is what one read of a socket asks for; bodies that fit share a block, larger ones have memory of their own.
const blockSize = 64 << 10

// block is a buffer that messages which were received borrow from. Who fills it holds one reference meanwhile, each message
// one until its Release; the last one recycles it.
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

// buffer is memory for one body out of a slab, by the class of its size. It is used again, as fresh memory costs more than the
// copy does.
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
