package link

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/ring"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/shm"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Shared is what both ends of a link of rings share: the memory of a ring for each direction and of a journal, and the bells. The
// parent makes it and sends its Files; the child opens it from those. The parent may CloseMemory once they are sent.
type Shared = shm.Channel

const (
	ringCapacity = 256 << 10
	ringSize     = ring.Overhead + ringCapacity
	sharedSize   = 2*ringSize + journalSize

	// SharedFiles is how many files a Shared has.
	SharedFiles = shm.ChannelFiles
)

// NewShared makes the memory and the bells. If it fails, the caller uses the stream alone.
func NewShared() (*Shared, error) { return shm.NewChannel(sharedSize) }

// OpenShared opens what the parent has made. It owns files, also when it fails.
func OpenShared(files []*os.File) (*Shared, error) {
	s, err := shm.OpenChannel(files, sharedSize)
	if err != nil {
		return nil, err
	}
	s.CloseMemory()
	return s, nil
}

// ownBells returns the bells that wake one end: for a record, and for room.
func ownBells(s *Shared, parent bool) (reads, writes *sys.Bell) {
	end := 0
	if parent {
		end = 1
	}
	return s.Bell(end, shm.Reads), s.Bell(end, shm.Writes)
}

// ringsOf returns the two directions, as the parent or the child sees them, and the journal.
func ringsOf(s *Shared, parent bool) (*ring.Reader, *ring.Writer, *Journal) {
	mem := s.Bytes()
	in, out, rest := mem[:ringSize], mem[ringSize:2*ringSize], mem[2*ringSize:]
	if parent {
		in, out = out, in
	}
	reads, writes := ownBells(s, parent)
	theirReads, theirWrites := ownBells(s, !parent)
	w := ring.NewWriter(out, theirReads, writes)
	w.SetBeside(theirWrites)
	return ring.NewReader(in, reads, theirWrites), w, newJournal(rest)
}
