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

// memory is what both ends of a pipe have in common: a page with the processes that have them, a ring for what each side
// sends, and a bell for each that may have to wait. Ends in one process share it.
type memory struct {
	segment *shm.Segment
	bells   [4]*sys.Bell
	ends    atomic.Int32 // of this process
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

// openMemory opens it for one end, from files, which it owns whatever it returns.
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

// leave gives the memory up for one end.
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

// pid is the process that has used that side last.
func (m *memory) pid(side int) *atomic.Uint32 { return shm.Word32(m.segment.Bytes()[64*side:]) }

// ring is what that side sends.
func (m *memory) ring(side int) []byte {
	return m.segment.Bytes()[pageSize+side*ringSize:][:ringSize:ringSize]
}

// bell is what that side waits with.
func (m *memory) bell(side, what int) *sys.Bell { return m.bells[2*side+what] }
