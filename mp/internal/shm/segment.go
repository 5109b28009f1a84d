// Package shm is memory that processes share. A segment is sealed and fully allocated when it is made, so that touching it can
// neither fail nor fault. A slab is a segment divided into slots, for large payloads. A channel is a segment with bells.
//
// Nothing here has a name in the file system: a segment is gone when the last process that maps it is gone.
package shm

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Segment is a piece of shared memory, mapped into this process.
type Segment struct {
	mem  []byte
	file *os.File // for other processes to map it; nil once it is not needed
}

// New makes a segment of size bytes, all zero. It fails when there is not enough memory. Its File is for the other process;
// CloseFile closes it once it is sent.
func New(size int) (*Segment, error) {
	f, err := sys.NewMemory(size)
	if err != nil {
		return nil, err
	}
	s, err := Open(f, size)
	if err != nil {
		f.Close()
		return nil, err
	}
	s.file = f
	return s, nil
}

// Open maps the segment that another process has made. f stays the caller's.
func Open(f *os.File, size int) (*Segment, error) {
	mem, err := sys.MapMemory(f, size)
	if err != nil {
		return nil, err
	}
	return &Segment{mem: mem}, nil
}

// Bytes is the memory. Read what the peer may write there only once, words by sync/atomic, and then check it.
func (s *Segment) Bytes() []byte { return s.mem }

// File is the file of the segment, for other processes to map it.
func (s *Segment) File() *os.File { return s.file }

// CloseFile closes the file; the mapping stays.
func (s *Segment) CloseFile() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}

// Close ends the mapping. Touching Bytes afterwards ends the process.
func (s *Segment) Close() {
	s.CloseFile()
	if s.mem != nil {
		_ = sys.UnmapMemory(s.mem)
		s.mem = nil
	}
}
