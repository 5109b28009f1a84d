package conn

import (
	"fmt"
	"os"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// memory is what both ends of a pipe share: a page with the pids of their processes, a ring for each direction, and a bell for
// each goroutine that may wait. Two ends in one process share one memory.
type memory struct {
	segment *shm.Segment
	bells   [4]*sys.Bell
	ends    atomic.Int32 // how many ends in this process use it
}

const (
	ringSize    = ring.Overhead + ringCapacity
	pageSize    = 256
	memorySize  = pageSize + 2*ringSize
	memoryFiles = 1 + 4
)

// What an end waits for.
const (
	reads = iota
	writes
)

// newMemory makes the memory for both ends.
func newMemory() (*memory, error) {
	segment, err := shm.New(memorySize)
	if err != nil {
		return nil, err
	}
	m := &memory{segment: segment}
	for i := range m.bells {
		if m.bells[i], err = sys.NewBell(); err != nil {
			m.release()
			return nil, err
		}
	}
	m.ends.Store(2)
	return m, nil
}

// openMemory opens the memory for one end. It owns files, also when it fails.
func openMemory(files []*os.File) (*memory, error) {
	segment, err := shm.Open(files[0], memorySize)
	if err != nil {
		link.CloseAll(files)
		return nil, err
	}
	segment.Keep(files[0])
	m := &memory{segment: segment}
	for i, f := range files[1:] {
		if m.bells[i], err = sys.OpenBell(f); err != nil {
			link.CloseAll(files[2+i:])
			m.release()
			return nil, fmt.Errorf("the bells of a pipe: %w", err)
		}
	}
	m.ends.Store(1)
	return m, nil
}

func (m *memory) files() []*os.File {
	files := []*os.File{m.segment.File()}
	for _, b := range m.bells {
		files = append(files, b.File())
	}
	return files
}

// leave releases the memory when the last end in this process has left.
func (m *memory) leave() {
	if m.ends.Add(-1) == 0 {
		m.release()
	}
}

func (m *memory) release() {
	for _, b := range m.bells {
		if b != nil {
			b.Close()
		}
	}
	m.segment.Close()
}

// pid is the process that used that side last; 0: none yet.
func (m *memory) pid(side int) *atomic.Uint32 { return shm.Word32(m.segment.Bytes()[64*side:]) }

// ring is the ring that the side writes.
func (m *memory) ring(side int) []byte {
	return m.segment.Bytes()[pageSize+side*ringSize:][:ringSize:ringSize]
}

// bell is the bell that wakes the side.
func (m *memory) bell(side, what int) *sys.Bell { return m.bells[2*side+what] }
