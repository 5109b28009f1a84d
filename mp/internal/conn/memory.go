package conn

import (
	"os"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
)

// memory is what both ends of a pipe share: a page with the pids of their processes, a ring for each direction, and the bells.
// Two ends in one process share one memory.
type memory struct {
	*shm.Channel
	ends atomic.Int32 // how many ends in this process use it
}

const (
	ringSize   = ring.Overhead + ringCapacity
	pageSize   = 256
	memorySize = pageSize + 2*ringSize
)

// newMemory makes the memory for both ends.
func newMemory() (*memory, error) {
	c, err := shm.NewChannel(memorySize)
	if err != nil {
		return nil, err
	}
	m := &memory{Channel: c}
	m.ends.Store(2)
	return m, nil
}

// openMemory opens the memory for one end. It owns files, also when it fails.
func openMemory(files []*os.File) (*memory, error) {
	c, err := shm.OpenChannel(files, memorySize)
	if err != nil {
		return nil, err
	}
	m := &memory{Channel: c}
	m.ends.Store(1)
	return m, nil
}

// leave releases the memory when the last end in this process has left.
func (m *memory) leave() {
	if m.ends.Add(-1) == 0 {
		m.Close()
	}
}

// pid is the process that used that side last; 0: none yet.
func (m *memory) pid(side int) *atomic.Uint32 { return shm.Word32(m.Bytes()[64*side:]) }

// ring is the ring that the side writes.
func (m *memory) ring(side int) []byte {
	return m.Bytes()[pageSize+side*ringSize:][:ringSize:ringSize]
}
