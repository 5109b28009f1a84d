package link

import (
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Shared is what both ends of a link of rings share: the memory of a ring for each direction and of a journal, and four bells,
// one for each goroutine that may wait. The parent makes it and sends its Files; the child opens it from those.
type Shared struct {
	segment *shm.Segment
	bells   [4]*sys.Bell
}

const (
	ringCapacity = 256 << 10
	ringSize     = ring.Overhead + ringCapacity
	sharedSize   = 2*ringSize + journalSize

	// SharedFiles is how many files a Shared has.
	SharedFiles = 1 + 4
)

// Which bell is whose.
const (
	childReads = iota
	parentWrites
	parentReads
	childWrites
)

// NewShared makes the memory and the bells. If it fails, the caller uses the stream alone.
func NewShared() (*Shared, error) {
	s := new(Shared)
	for i := range s.bells { // before the memory, as not every system has them
		var err error
		if s.bells[i], err = sys.NewBell(); err != nil {
			s.Close()
			return nil, err
		}
	}
	var err error
	if s.segment, err = shm.New(sharedSize); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// OpenShared opens what the parent has made. It owns files, also when it fails.
func OpenShared(files []*os.File) (*Shared, error) {
	if len(files) != SharedFiles {
		CloseAll(files)
		return nil, fmt.Errorf("%d files instead of %d for the shared memory", len(files), SharedFiles)
	}
	segment, err := shm.Open(files[0], sharedSize)
	files[0].Close()
	if err != nil {
		CloseAll(files[1:])
		return nil, err
	}
	s := &Shared{segment: segment}
	for i, f := range files[1:] {
		if s.bells[i], err = sys.OpenBell(f); err != nil {
			CloseAll(files[2+i:])
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Files are for the child. They stay the parent's, which may call CloseMemory once they are sent.
func (s *Shared) Files() []*os.File {
	files := []*os.File{s.segment.File()}
	for _, b := range s.bells {
		files = append(files, b.File())
	}
	return files
}

// CloseMemory gives up the descriptor of the memory, which stays mapped.
func (s *Shared) CloseMemory() { s.segment.CloseFile() }

// Close ends the mapping, and every wait for a bell. The rings must not be used any more.
func (s *Shared) Close() {
	for _, b := range s.bells {
		if b != nil {
			b.Close()
		}
	}
	if s.segment != nil {
		s.segment.Close()
	}
}

// own returns the bells that wake one end: for a record, and for room.
func (s *Shared) own(parent bool) (reads, writes *sys.Bell) {
	if parent {
		return s.bells[parentReads], s.bells[parentWrites]
	}
	return s.bells[childReads], s.bells[childWrites]
}

// rings returns the two directions, as the parent or the child sees them, and the journal.
func (s *Shared) rings(parent bool) (*ring.Reader, *ring.Writer, *Journal) {
	mem := s.segment.Bytes()
	in, out, rest := mem[:ringSize], mem[ringSize:2*ringSize], mem[2*ringSize:]
	if parent {
		in, out = out, in
	}
	reads, writes := s.own(parent)
	theirReads, theirWrites := s.own(!parent)
	w := ring.NewWriter(out, theirReads, writes)
	w.SetBeside(theirWrites)
	return ring.NewReader(in, reads, theirWrites), w, newJournal(rest)
}
