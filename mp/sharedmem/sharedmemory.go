package sharedmem

import (
	"fmt"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// SharedMemory is bytes that several processes share. It is Python's SharedMemory, without the names. It is sent by pointer. It
// must not be copied.
type SharedMemory struct {
	memory atomic.Pointer[memory] // nil once closed
	size   int
}

// New makes size bytes of shared memory, all zero. It fails when there is not enough memory, also in this process's container.
func New(size int) (*SharedMemory, error) {
	if size < 1 {
		return nil, fmt.Errorf("mp: sharedmem.New(%d): the size must be at least 1", size)
	}
	m, err := newMemory(size, 1)
	if err != nil {
		return nil, fmt.Errorf("mp: sharedmem.New: %w", err)
	}
	s := &SharedMemory{size: size}
	s.memory.Store(m)
	return s, nil
}

// Bytes returns the memory, the same at every call. It is valid until Close in this process, and touching it later ends the
// process. Bytes itself panics after Close. It is Python's buf.
func (s *SharedMemory) Bytes() []byte {
	m := s.memory.Load()
	if m == nil {
		panic(errGone("SharedMemory.Bytes"))
	}
	return m.view()[:s.size:s.size]
}

// Size is the number of bytes, exactly the size given to New, also after Close.
func (s *SharedMemory) Size() int { return s.size }

// Close unmaps the memory in this process; other processes keep it. No goroutine may use the bytes any more. If the memory is in
// an argument, close it after that is sent: once Start, Map or Submit has returned. A second Close does nothing. The garbage
// collector closes unreachable memory, too, unless Bytes was called: the program may still have the slice, so only Close ends it.
func (s *SharedMemory) Close() error {
	if m := s.memory.Swap(nil); m != nil {
		return m.close()
	}
	return nil
}

// String tells the size, and whether it is closed here.
func (s *SharedMemory) String() string {
	state := ""
	if s.memory.Load() == nil {
		state = " closed"
	}
	return fmt.Sprintf("<SharedMemory size=%d%s>", s.size, state)
}

// IsHandle marks the type: it travels by pointer.
func (s *SharedMemory) IsHandle() {}

// EncodeMsgpack is for this library's messages; it fails in others, and after Close.
func (s *SharedMemory) EncodeMsgpack(enc *wire.Encoder) error {
	m := s.memory.Load()
	if m == nil {
		return errGone("sending a SharedMemory")
	}
	return encode(enc, s.size, m.file)
}

// DecodeMsgpack is for this library's messages.
func (s *SharedMemory) DecodeMsgpack(dec *wire.Decoder) error {
	n, m, err := decode(dec, 1)
	if err != nil {
		return err
	}
	s.size = n
	s.memory.Store(m)
	return nil
}

// MarshalJSON fails: shared memory cannot be written down.
func (s *SharedMemory) MarshalJSON() ([]byte, error) { return nil, wire.NotJSON("SharedMemory") }
