package sharedmem

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// memory is a mapping of shared memory, and the file by which it is sent to other processes. The mapping ends with close. It also
// ends when the memory is unreachable, as memory in a message that is never received is not closed.
type memory struct {
	bytes []byte
	file  *os.File

	forgotten runtime.Cleanup // unmaps unreachable memory
	viewed    atomic.Bool     // the program may have slices of it, which do not keep the memory reachable
}

// newMemory makes memory for n elements of size bytes each, all zero. n and size are at least 1.
func newMemory(n, size int) (*memory, error) {
	if n > math.MaxInt/size {
		return nil, fmt.Errorf("%d × %d bytes are more than can be addressed", n, size)
	}
	f, err := sys.NewMemory(n * size)
	if err != nil {
		return nil, err
	}
	return mapped(f, n*size)
}

// mapped maps a file, which the memory owns from here on.
func mapped(f *os.File, size int) (*memory, error) {
	bytes, err := sys.MapMemory(f, size)
	if err != nil {
		f.Close()
		return nil, err
	}
	m := &memory{bytes: bytes, file: f}
	// The cleanup does not close the file: a message that is not sent yet may need it.
	m.forgotten = runtime.AddCleanup(m, func(mem []byte) { _ = sys.UnmapMemory(mem) }, bytes)
	return m, nil
}

// view returns the bytes for the program. From now on only close ends the mapping.
func (m *memory) view() []byte {
	if !m.viewed.Load() {
		m.keep()
		m.viewed.Store(true)
	}
	return m.bytes
}

// keep makes the mapping outlive unreachable memory.
func (m *memory) keep() {
	m.forgotten.Stop()
	runtime.KeepAlive(m) // otherwise the cleanup could run before Stop
}

// close ends the mapping. A message with the memory that is encoded, but not sent yet, cannot be sent any more.
func (m *memory) close() error {
	m.keep()
	return errors.Join(sys.UnmapMemory(m.bytes), m.file.Close())
}

// encode writes the number of elements, and attaches the file.
func encode(enc *wire.Encoder, n int, f *os.File) error {
	if err := enc.EncodeInt(int64(n)); err != nil {
		return err
	}
	return wire.Keep(enc, f)
}

// decode reads what encode has written. It does not trust the sender: n is in range, and the file has the size of n elements.
func decode(dec *wire.Decoder, size int) (n int, m *memory, err error) {
	count, err := dec.DecodeInt64()
	if err != nil {
		return 0, nil, err
	}
	f, err := wire.Detach(dec)
	if err != nil {
		return 0, nil, err
	}
	if count < 1 || count > int64(math.MaxInt/size) {
		f.Close()
		return 0, nil, fmt.Errorf("no shared memory has %d elements of %d bytes", count, size)
	}
	m, err = mapped(f, int(count)*size)
	return int(count), m, err
}

// errGone is the error of a method of an object that has no memory.
func errGone(method string) error {
	return fmt.Errorf("mp: %s: %w: its memory was closed in this process, or never made", method, spawn.Inner(spawn.ErrClosed))
}
