package conn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// mostReused is the size up to which the memory of a message is reused.
const mostReused = 1 << 20

// Send sends a value for Recv. It may have any type that an argument of a registered function may have, with files and handles in
// it. A pointer is sent as what it points to, unless it is a handle. If a part of the value cannot be sent, nothing is, and the
// error names the field. Both ends must be the same program. Send blocks while the other end does not receive and the buffers in
// between are full.
func (c *Conn) Send(ctx context.Context, v any) error {
	typ, value, err := valueOf(v)
	if err != nil {
		return fmt.Errorf("mp: Send: %w", err)
	}
	if body, ok := typ.Memory(value); ok {
		return c.send(ctx, "Send", head{kind: kindMemory, sum: typ.Sum()}, body, nil)
	}
	b := buffers.Get().(*wire.Buffer)
	defer reuse(b)
	if err := typ.Encode(b, value); err != nil {
		return fmt.Errorf("mp: Send: %w", err)
	}
	for p := range b.Passengers {
		if other, ok := p.(*Conn); ok && c != nil && other.id == c.id {
			return errors.New("mp: Send: an end of a connection cannot be sent through this connection itself, where nobody could receive it: send it over another one, or as an argument")
		}
	}
	if err := c.send(ctx, "Send", head{kind: kindValue, sum: typ.Sum()}, b.Data, b.Files); err != nil {
		return err
	}
	b.Sent()
	return nil
}

func valueOf(v any) (*wire.Type, reflect.Value, error) {
	if v == nil {
		return nil, reflect.Value{}, errors.New("it is nil, which has no type to be received as")
	}
	typ, err := wire.TypeOf(reflect.TypeOf(v))
	if err != nil {
		return nil, reflect.Value{}, err
	}
	value, err := typ.Value(v)
	if err != nil {
		return nil, value, fmt.Errorf("a pointer to %s cannot be sent: %w", typ.Name(), err)
	}
	return typ, value, nil
}

var buffers = sync.Pool{New: func() any { return new(wire.Buffer) }}

// reuse keeps a buffer for the next message. Handles that are still in it were not sent, and stay in this process.
func reuse(b *wire.Buffer) {
	b.Reset()
	if cap(b.Data) <= mostReused {
		buffers.Put(b)
	}
}

// SendBytes sends bytes as they are, for RecvBytes. It is Python's send_bytes; the other end may be Python.
func (c *Conn) SendBytes(ctx context.Context, p []byte) error {
	return c.send(ctx, "SendBytes", head{kind: kindBytes}, p, nil)
}

// SendHandle sends open files for RecvHandle: the descriptors, not the contents. The sender keeps its own files and may close
// them. To send a socket, send what its File method returns. It is [spawn.ErrUnsupported] over TCP, and on Windows.
func (c *Conn) SendHandle(ctx context.Context, files ...*os.File) error {
	for i, f := range files {
		if f == nil {
			return fmt.Errorf("mp: SendHandle: file %d is nil", i)
		}
	}
	return c.send(ctx, "SendHandle", head{kind: kindFiles}, nil, files)
}

// send sends a message, and notes if nothing can be sent after it.
func (c *Conn) send(ctx context.Context, verb string, h head, body []byte, files []*os.File) error {
	t, err := c.enter(ctx, verb, sends)
	if err != nil {
		return err
	}
	defer c.sender.unlock()
	if c.broken != nil {
		return c.fail(verb, c.broken)
	}
	if len(files) > mostFiles {
		return fmt.Errorf("mp: %s: a message carries %d files at most, not %d", verb, mostFiles, len(files))
	}
	h.size, h.files = len(body), len(files)
	intact, err := t.send(ctx, h, body, files)
	switch {
	case err == nil:
		return nil
	case intact:
	case errors.Is(err, errOver):
		c.broken = fmt.Errorf("%w: an earlier message was cut short when its ctx ended, and cannot be taken back", spawn.ErrClosed)
	default:
		c.broken = err
	}
	return c.fail(verb, waited(ctx, err))
}

// waited replaces errOver by the error of ctx.
func waited(ctx context.Context, err error) error {
	if errors.Is(err, errOver) {
		return spawn.CtxError(ctx)
	}
	return err
}
