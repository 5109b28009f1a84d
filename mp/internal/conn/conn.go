// Package conn is connections between processes: the lower half of package connection, which adds listeners and with them
// package net. Package mp has Pipe and Conn from here, and not net.
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

// Conn is one end of a connection: of a Pipe, or of one that was dialled or accepted. Messages arrive whole and in order. It
// is Python's multiprocessing.connection.Connection.
//
// Any number of goroutines may send, and any number receive; each message goes to one of them. What waits ends when its ctx
// does, when this end is closed, and when the other one is closed or its process dies. A ctx that is over already still lets
// an operation that needs no waiting finish. When the ctx ends within a message, receiving goes on where it was. What was sent
// of a message is taken back if both ends are of a Pipe over shared memory; else the rest cannot be sent any more, nor
// anything after it: ErrClosed. What was sent before it arrives. Over a Windows pipe nothing can be received here any more either.
//
// This end closed: every method returns [spawn.ErrClosed]. The other one closed, or its process dead: what it has sent is
// received first, then receiving is io.EOF, or io.ErrUnexpectedEOF within a message; sending is ErrClosed.
//
// A *Conn may be a field of an argument, a result, or anything that is sent, also over another Conn. It moves: once the message
// was sent, this process's end is closed, and another use of it says so. It must not be in use meanwhile, nor in the middle
// of a message, nor, over a socket, have files arrived at it that were not received. An end that was encoded and whose message was
// not sent yet is of no use but to Close it.
type Conn struct {
	id       pipeID
	way      way
	receiver lock // held by who receives, sends, or both by a message in which the end travels
	sender   lock

	mu     sync.Mutex
	seed   seed          // what the transport is made of
	t      transport     // nil before the first use
	over   error         // why it cannot be used any more
	done   chan struct{} // closed with over
	aboard atomic.Bool   // a message has it

	// For who holds receiver.
	head    head
	open    bool   // head is of a message that was not received whole yet
	kept    []byte // what was read of its body when a ctx ended
	dropped bool   // nobody wants the message: what is left of it is read first
	left    int    // of it then, in bytes
	scratch []byte // bodies of values
	failed  error  // why nothing can be received any more

	broken error // why nothing can be sent any more, for who holds sender
}

// way is what an end may do.
type way uint8

const (
	receives way = 1 << iota
	sends
	duplex = receives | sends
)

// newConn makes the end that grows from a seed.
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

// lock is a mutex that a ctx can end the wait for.
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

// enter takes the lock for an operation, which receives or sends, and returns the transport.
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

// errAboard is returned between the encoding of a message and its sending.
var errAboard = errors.New("this end is in a message, or the argument of a process, that was not sent yet, and moves with it")

// errMoved is why an end that has moved is closed.
var errMoved = fmt.Errorf("%w: this end has moved to another process with a message; only one process has it at a time", spawn.ErrClosed)

// fail makes the error of an operation; that the end was closed meanwhile comes first.
func (c *Conn) fail(verb string, err error) error {
	c.mu.Lock()
	if c.over != nil {
		err = c.over
	}
	c.mu.Unlock()
	return fmt.Errorf("mp: %s: %w", verb, spawn.Inner(err))
}

// transport opens the end if this is its first use.
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

// end makes the end unusable. c.mu is held.
func (c *Conn) end(why error) {
	c.over = why
	close(c.done)
}

// Close closes this end. It ends what waits here, and the other end gets io.EOF when it has received what was sent. A second
// Close does nothing, as does Close of an end that has moved.
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
	if !c.aboard.Load() { // else the message holds them, and nobody is at work
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

// Done is closed when this end cannot be used any more: it was closed, or has moved. To wait for messages, see
// connection.Wait.
func (c *Conn) Done() <-chan struct{} {
	if c == nil || c.done == nil {
		return closedChan
	}
	return c.done
}

// closedChan is the Done of what is no Conn.
var closedChan = func() chan struct{} {
	closed := make(chan struct{})
	close(closed)
	return closed
}()

// String says what it is.
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
