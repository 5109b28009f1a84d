package shm

import (
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Channel is what both ends of a link or a pipe share: a segment for the rings, and four bells, one for each goroutine that may
// wait. One process makes it and sends its Files; the other process opens it from those.
type Channel struct {
	segment *Segment
	bells   [4]*sys.Bell
}

// ChannelFiles is how many files a Channel has.
const ChannelFiles = 1 + 4

// What an end waits for.
const (
	Reads  = iota // a record
	Writes        // room for one
)

// NewChannel makes a segment of size bytes, and the bells. It fails if the system has no bells or not enough memory.
func NewChannel(size int) (*Channel, error) {
	c := new(Channel)
	if err := c.fill(size); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Channel) fill(size int) (err error) {
	for i := range c.bells { // before the memory, as not every system has bells
		if c.bells[i], err = sys.NewBell(); err != nil {
			return err
		}
	}
	c.segment, err = New(size)
	return err
}

// OpenChannel opens a channel that another process made, from its Files. It takes the files over, even when it fails.
func OpenChannel(files []*os.File, size int) (*Channel, error) {
	c := new(Channel)
	if rest, err := c.open(files, size); err != nil {
		for _, f := range rest {
			f.Close()
		}
		c.Close()
		return nil, err
	}
	return c, nil
}

// open opens the files into c. With an error it returns those that neither c nor a bell owns, for the caller to close.
func (c *Channel) open(files []*os.File, size int) (rest []*os.File, err error) {
	if len(files) != ChannelFiles {
		return files, fmt.Errorf("%d files instead of %d for the shared memory", len(files), ChannelFiles)
	}
	if c.segment, err = Open(files[0], size); err != nil {
		return files, err
	}
	c.segment.file = files[0]
	for i, f := range files[1:] {
		if c.bells[i], err = sys.OpenBell(f); err != nil {
			return files[2+i:], fmt.Errorf("the bells of the shared memory: %w", err)
		}
	}
	return nil, nil
}

// Files returns the files from which the other process opens the channel. They stay the channel's.
func (c *Channel) Files() []*os.File {
	files := []*os.File{c.segment.File()}
	for _, b := range c.bells {
		files = append(files, b.File())
	}
	return files
}

// Bytes is the memory of the segment.
func (c *Channel) Bytes() []byte { return c.segment.Bytes() }

// Bell returns the bell that wakes end, 0 or 1, when it waits for what, Reads or Writes.
func (c *Channel) Bell(end, what int) *sys.Bell { return c.bells[2*end+what] }

// CloseMemory closes the file of the memory. The memory stays mapped, but the channel cannot be sent any more.
func (c *Channel) CloseMemory() { c.segment.CloseFile() }

// Close ends the mapping, and every wait for a bell. The memory must not be touched any more.
func (c *Channel) Close() {
	for _, b := range c.bells {
		if b != nil {
			b.Close()
		}
	}
	if c.segment != nil {
		c.segment.Close()
	}
}
