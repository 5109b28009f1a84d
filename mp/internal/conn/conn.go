// Package conn is connections between processes. Package connection adds listeners, and with them package net. Package mp takes
// Pipe and Conn from here, so that it does not import net.
package conn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Conn is one end of a connection: of a Pipe, or of a connection that was dialled or accepted. Messages arrive whole and in
// order. It is Python's multiprocessing.connection.Connection.
//
// Any number of goroutines may send, and any number receive; each message goes to one receiver. A wait ends when its ctx does,
// when this end is closed, and when the other end is closed or its process dies. With a ctx that has already ended, an operation
// that need not wait still succeeds.
//
// When the ctx ends in the middle of a message, a later receive continues where this one stopped. A message that was sent in part
// is taken back by the ends of a Pipe over shared memory. Otherwise the rest of it cannot be sent any more, nor anything after
// it: ErrClosed. Messages before it arrive. Over a Windows pipe this end cannot receive any more either.
//
// When this end is closed, every method returns [spawn.ErrClosed]. When the other end is closed, or its process dead, what it has
// sent is received first; then receiving is io.EOF, or io.ErrUnexpectedEOF within a message, and sending is ErrClosed.
//
// A *Conn may be a field of an argument, a result, or anything that is sent, also over another Conn. It moves: once the message
// is sent, this process's end is closed, and its methods say so. An end cannot move while it is in use, in the middle of a
// message, or, over a socket, while it has files that were not received. Between the encoding and the sending of the message, the
// end can only be closed.
type Conn struct {
	id       pipeID
	way      way
	receiver lock // held while receiving; a message in which the end travels holds both locks
	sender   lock // held while sending

	mu     sync.Mutex
	seed   seed          // what the transport is made of
	t      transport     // nil before the first use
	over   error         // why the end cannot be used any more
	done   chan struct{} // closed with over
	aboard atomic.Bool   // the end is in a message

	// Under receiver.
	head    head
	open    bool   // head is of a message that was not received whole yet
	kept    []byte // the part of its body that was read before a ctx ended
	dropped bool   // the message is not wanted: the rest of it is skipped first
	left    int    // how many bytes of a dropped message are left
	scratch []byte // bodies of values
	failed  error  // why nothing can be received any more

	broken error // why nothing can be sent any more; under sender
}

// way is what an end may do.
type way uint8

const (
	receives way = 1 << iota
	sends
	duplex = receives | sends
)

// newConn makes an end from a seed.
func newConn(id pipeID, w way, s seed) *Conn {
	c := new(Conn)
	c.init(id, w, s)
	return c
}

func (c *Conn) init(id pipeID, w way, s seed) {
	c.id, c.way, c.seed = id, w, s
	c.receiver, c.sender = make(lock, 1), make(lock, 1)
	c.done = make(chan struct{})
}

// lock is a mutex whose wait can end with a ctx.
type lock chan struct{}

func (l lock) try() bool {
	select {
	case l <- struct{}{}:
		return true
	default:
		return false
	}
}

func (l lock) unlock() { <-l }

// enter takes the lock for an operation that receives or sends, and returns the transport.
func (c *Conn) enter(ctx context.Context, verb string, need way) (transport, error) {
	switch {
	case c == nil || c.done == nil:
		return nil, fmt.Errorf("mp: %s on a Conn that is nil: Pipe, Dial and Accept make one", verb)
	case c.way&need == 0:
		return nil, fmt.Errorf("mp: %s: %w: this end of a one-way pipe only %s", verb, spawn.ErrUnsupported, c.way)
	case c.aboard.Load():
		return nil, c.fail(verb, errAboard)
	}
	mine := c.receiver
	if need == sends {
		mine = c.sender
	}
	if !mine.try() {
		select {
		case mine <- struct{}{}:
		case <-c.done:
			return nil, c.fail(verb, nil)
		case <-ctx.Done():
			return nil, c.fail(verb, spawn.CtxError(ctx))
		}
	}
	t, err := c.transport()
	if err != nil {
		mine.unlock()
		return nil, c.fail(verb, err)
	}
	return t, nil
}

func (w way) String() string {
	switch w {
	case receives:
		return "receives"
	case sends:
		return "sends"
	}
	return "sends and receives"
}

// errAboard is returned while the end is in a message that is encoded, and not sent yet.
var errAboard = errors.New("this end is in a message, or the argument of a process, that was not sent yet, and moves with it")

// errMoved is why an end that has moved is closed.
var errMoved = fmt.Errorf("%w: this end has moved to another process with a message; only one process has it at a time", spawn.ErrClosed)

// fail makes the error of an operation. If the end was closed meanwhile, that is the reason.
func (c *Conn) fail(verb string, err error) error {
	c.mu.Lock()
	if c.over != nil {
		err = c.over
	}
	c.mu.Unlock()
	return fmt.Errorf("mp: %s: %w", verb, spawn.Inner(err))
}

// transport returns the transport. It opens the end at the first use.
func (c *Conn) transport() (transport, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over == nil && c.t == nil {
		var err error
		if c.t, err = c.seed.open(); err != nil {
			c.end(fmt.Errorf("%w: it cannot be opened: %w", spawn.ErrClosed, err))
		}
	}
	return c.t, c.over
}

// end makes the end unusable. The caller holds c.mu.
func (c *Conn) end(why error) {
	c.over = why
	close(c.done)
}

// Close closes this end, and ends every wait here. The other end gets io.EOF after it has received what was sent. A second Close
// does nothing, as does Close of an end that has moved.
func (c *Conn) Close() error {
	if c == nil || c.done == nil {
		return errors.New("mp: Close of a Conn that is nil")
	}
	return c.close(fmt.Errorf("%w: this end of the connection was closed", spawn.ErrClosed))
}

func (c *Conn) close(why error) error {
	c.mu.Lock()
	if c.over != nil {
		c.mu.Unlock()
		return nil
	}
	c.end(why)
	t := c.t
	if t == nil {
		c.seed.close()
	}
	c.mu.Unlock()
	if t == nil {
		return nil
	}
	t.interrupt()
	if !c.aboard.Load() { // otherwise the message holds both locks, and no goroutine uses the transport
		c.sender <- struct{}{}
		defer c.sender.unlock()
		c.receiver <- struct{}{}
		defer c.receiver.unlock()
	}
	t.close()
	return nil
}

func (c *Conn) closed() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Done is closed when this end cannot be used any more, because it was closed or has moved. To wait for messages, use
// connection.Wait.
func (c *Conn) Done() <-chan struct{} {
	if c == nil || c.done == nil {
		return endedCtx.Done()
	}
	return c.done
}

// String describes the end: what it can do, or that it is closed or has moved.
func (c *Conn) String() string {
	if c == nil || c.done == nil {
		return "<Conn nil>"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case errors.Is(c.over, errMoved):
		return "<Conn moved to another process>"
	case c.over != nil:
		return "<Conn closed>"
	}
	return fmt.Sprintf("<Conn that %s, in process %d>", c.way, os.Getpid())
}
