// Package shm is memory that processes share: segments that are sealed and allocated when they are made, so that touching
// them can neither fail nor fault, and slabs of them that large payloads are handed over in.
//
// Nothing here has a name in the file system: a segment is gone when the last process that maps it is.
package shm

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Segment is a piece of shared memory, mapped into this process.
type Segment struct {
	mem  []byte
	file *os.File // for those who shall map it, too; nil once it is not needed
}

// New makes a segment of size bytes, all zero. It fails when the memory cannot be had. Its File is for the other process;
// CloseFile when it was sent.
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

// Bytes is the memory. What the peer may write to it is to be read once, by sync/atomic where it is a word, and then
// checked.
func (s *Segment) Bytes() []byte { return s.mem }

// File is the segment for those who shall map it.
func (s *Segment) File() *os.File { return s.file }

// CloseFile gives up the descriptor; the mapping stays.
func (s *Segment) CloseFile() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}

// Close ends the mapping. Nobody may touch Bytes any more: that would end the process.
func (s *Segment) Close() {
	s.CloseFile()
	if s.mem != nil {
		_ = sys.UnmapMemory(s.mem)
		s.mem = nil
	}
}

// Keep makes f, from which the segment was opened, its File.
func (s *Segment) Keep(f *os.File) { s.file = f }
