package conn

import (
	"errors"
	"fmt"
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// seedKind says, in a message, which kind of seed follows.
type seedKind byte

const (
	seedStream seedKind = iota
	seedRings
)

// mostSeedFiles bounds the files of a seed.
const mostSeedFiles = 8

var (
	errBusy   = errors.New("this end cannot move while it is in use: another goroutine sends, receives or waits")
	errWithin = errors.New("this end cannot move in the middle of a message: receive the rest of it first")
	errFiles  = errors.New("this end cannot move: a message with files has arrived at it; receive that first")
)

// IsHandle marks a Conn as what travels by reference.
func (c *Conn) IsHandle() {}

// EncodeMsgpack puts this end into a message of this library, with which it moves. It fails in other messages.
func (c *Conn) EncodeMsgpack(enc *wire.Encoder) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.done == nil:
		return errors.New("it is no Conn: Pipe, Dial and Accept make one")
	case c.over != nil:
		return spawn.Inner(c.over)
	case c.aboard.Load():
		return errAboard
	case !c.sender.try():
		return errBusy
	case !c.receiver.try():
		c.sender.unlock()
		return errBusy
	}
	defer func() {
		if err != nil {
			c.receiver.unlock()
			c.sender.unlock()
		}
	}()
	if c.open || c.broken != nil || c.failed != nil {
		return errors.Join(errWithin, c.broken, c.failed)
	}
	s := c.seed
	if c.t != nil {
		if s, err = c.t.pack(); err != nil {
			return err
		}
	}
	kind, state, files := s.parts()
	if err := enc.EncodeBytes(append(append([]byte{byte(kind), byte(c.way), byte(len(files))}, c.id[:]...), state...)); err != nil {
		return err
	}
	for _, f := range files {
		if sys.Surrender(f) {
			c.seed, c.t = s, nil // if the message is not sent, the next use opens it again
		}
		if err := wire.Attach(enc, f); err != nil {
			return err
		}
	}
	if err := wire.Board(enc, c); err != nil {
		return err
	}
	c.aboard.Store(true)
	return nil
}

// Sent closes this end, as another process has it now. The sender of the message calls it.
func (c *Conn) Sent() { c.close(errMoved) }

// Kept makes this end usable again. It is called when the message with it is not sent.
func (c *Conn) Kept() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.aboard.Swap(false) {
		c.receiver.unlock()
		c.sender.unlock()
	}
}

// DecodeMsgpack makes this the end that has moved to this process.
func (c *Conn) DecodeMsgpack(dec *wire.Decoder) error {
	b, err := dec.DecodeBytes()
	const head = 3 + len(pipeID{})
	switch {
	case err != nil:
		return err
	case len(b) < head || way(b[1])&^duplex != 0 || b[1] == 0 || b[2] > mostSeedFiles:
		return ErrCorrupt
	}
	files := make([]*os.File, b[2])
	for i := range files {
		if files[i], err = wire.Detach(dec); err != nil {
			return err
		}
	}
	var s seed
	switch seedKind(b[0]) {
	case seedStream:
		s, err = streamSeedOf(b[head:], files)
	case seedRings:
		s, err = ringsSeedOf(b[head:], files)
	default:
		err = ErrCorrupt
	}
	if err != nil {
		return err
	}
	c.init(pipeID(b[3:]), way(b[1]), s)
	return nil
}

// MarshalJSON refuses: JSON cannot carry what is open.
func (c *Conn) MarshalJSON() ([]byte, error) {
	return nil, fmt.Errorf("mp: %w: an end of a connection cannot be written as JSON; it goes to another process in an argument or a result, over a Conn or through a queue", spawn.ErrUnsupported)
}
