package conn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// atOnce is how much memory a message gets before its bytes have arrived. More is made as they come, so that a false length
// costs nothing.
const atOnce = 4 << 20

// Recv waits for a value from Send and stores it in what ptr points to, which has the value's type. A slice of numbers, there or
// within, keeps its array if that is large enough. A message of another kind, or a value of another type, is dropped, and the
// error says what it was.
func (c *Conn) Recv(ctx context.Context, ptr any) error {
	target := reflect.ValueOf(ptr)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("mp: Recv: the target is %T, and must be a pointer to where the value belongs", ptr)
	}
	typ, err := wire.TypeOf(target.Type().Elem())
	if err != nil {
		return fmt.Errorf("mp: Recv: %w", err)
	}
	return c.receive(ctx, "Recv", func(t transport) error {
		h := c.head
		switch {
		case h.kind != kindValue && h.kind != kindMemory:
			return c.mismatch(ctx, t, "Recv")
		case h.sum != typ.Sum():
			name, known := wire.TypeName(h.sum)
			if !known {
				name = "a type that this process has neither sent nor received, or comes from a machine with another word size or byte order"
			}
			return errors.Join(c.drop(ctx, t), fmt.Errorf("mp: Recv: the message is %s, and the target %s", name, typ.Name()))
		}
		v := typ.Target(target.Elem())
		if h.kind == kindMemory {
			if elem := typ.Elem(); elem == 0 || h.size%elem != 0 {
				return errors.Join(c.drop(ctx, t), fmt.Errorf("mp: Recv: %w: %d bytes for a %s", ErrCorrupt, h.size, typ.Name()))
			}
			err := c.body(ctx, "Recv", t, func(n int) ([]byte, error) { return typ.Room(v, n) })
			if err != nil {
				return err
			}
			_, err = c.finish(t, "Recv")
			return err
		}
		defer c.reuseScratch()
		if err := c.body(ctx, "Recv", t, c.scratchRoom); err != nil {
			return err
		}
		files, err := c.finish(t, "Recv")
		if err != nil {
			return err
		}
		if err := typ.Decode(c.scratch[:h.size], files, v); err != nil {
			link.CloseAll(files)
			return fmt.Errorf("mp: Recv: %w", err)
		}
		return nil
	})
}

func (c *Conn) scratchRoom(n int) ([]byte, error) {
	c.scratch = grown(c.scratch, n)
	return c.scratch, nil
}

func (c *Conn) reuseScratch() {
	if cap(c.scratch) > mostReused {
		c.scratch = nil
	}
}

// grown returns p with length n. The bytes that p had stay.
func grown(p []byte, n int) []byte {
	if n <= cap(p) {
		return p[:n]
	}
	more := make([]byte, n)
	copy(more, p)
	return more
}

// RecvBytes waits for bytes from SendBytes, and returns them in fresh memory. They are never nil.
func (c *Conn) RecvBytes(ctx context.Context) ([]byte, error) {
	p := []byte{}
	err := c.recvBytes(ctx, "RecvBytes", func(n int) ([]byte, error) {
		p = grown(p, n)
		return p, nil
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// TooShortError says that the buffer of RecvBytesInto was shorter than the message. Message is the whole message. It is Python's
// BufferTooShort.
type TooShortError struct {
	Room    int // in bytes
	Message []byte
}

// Error tells both lengths.
func (e *TooShortError) Error() string {
	return fmt.Sprintf("mp: RecvBytesInto: the message has %d bytes and the buffer room for %d", len(e.Message), e.Room)
}

// RecvBytesInto waits for bytes from SendBytes, puts them at the front of p and returns how many there are. When p is too short,
// the error is a *TooShortError that has them, and the Conn can still be used. After an error p may hold anything.
func (c *Conn) RecvBytesInto(ctx context.Context, p []byte) (n int, err error) {
	var long []byte
	err = c.recvBytes(ctx, "RecvBytesInto", func(part int) ([]byte, error) {
		n = c.head.size
		if n <= len(p) {
			return p[:part], nil
		}
		long = grown(long, part)
		return long, nil
	})
	switch {
	case err != nil:
		return 0, err
	case n > len(p):
		return 0, &TooShortError{len(p), long}
	}
	return n, nil
}

func (c *Conn) recvBytes(ctx context.Context, verb string, room func(n int) ([]byte, error)) error {
	return c.receive(ctx, verb, func(t transport) error {
		if c.head.kind != kindBytes {
			return c.mismatch(ctx, t, verb)
		}
		if err := c.body(ctx, verb, t, room); err != nil {
			return err
		}
		_, err := c.finish(t, verb)
		return err
	})
}

// RecvHandle waits for files from SendHandle. The caller closes them. net.FileConn makes a net.Conn from a socket.
func (c *Conn) RecvHandle(ctx context.Context) (files []*os.File, err error) {
	err = c.receive(ctx, "RecvHandle", func(t transport) error {
		if c.head.kind != kindFiles {
			return c.mismatch(ctx, t, "RecvHandle")
		}
		files, err = c.finish(t, "RecvHandle")
		return err
	})
	return files, err
}

// Poll reports whether a message has begun to arrive, or the other end is closed, so that Recv would not wait for the other end
// to begin. If timeout is positive, Poll waits that long for it.
func (c *Conn) Poll(timeout time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), max(timeout, 0))
	defer cancel()
	ready, err := c.await(ctx, "Poll")
	if errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return ready, err
}

// Ready reports whether Recv would return without waiting for the other end to begin. That is also so when either end is closed.
// If wait is true, Ready waits for that until ctx ends. It is for connection.Wait.
func (c *Conn) Ready(ctx context.Context, wait bool) (bool, error) {
	if !wait {
		ctx = endedCtx
	}
	ready, err := c.await(ctx, "Wait")
	switch {
	case spawn.IsClosed(ctx, err):
		return true, nil
	case !wait && errors.Is(err, context.Canceled):
		return false, nil
	}
	return ready, err
}

// endedCtx is for operations that must not wait, and for the Done of a nil Conn.
var endedCtx = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (c *Conn) await(ctx context.Context, verb string) (ready bool, err error) {
	t, err := c.enter(ctx, verb, receives)
	if err != nil {
		return false, err
	}
	defer c.receiver.unlock()
	_, err = c.begin(ctx, t)
	switch {
	case err == nil:
	case errors.Is(err, errOver) || c.closed():
		return false, c.fail(verb, waited(ctx, err))
	case errors.Is(err, ErrCorrupt):
		// The bytes are gone, so the next receive would not meet it again. The end of the stream need not be noted: it is met
		// again, even by a process to which this end moves.
		c.failed = err
	}
	return true, nil // any other error is the next Recv's
}

// begin returns the head of the open message, or else waits for the next one. It first skips the rest of a dropped message.
func (c *Conn) begin(ctx context.Context, t transport) (head, error) {
	if c.failed != nil {
		return head{}, c.failed
	}
	if c.dropped {
		if err := c.skip(ctx, t); err != nil && !errors.Is(err, errTakenBack) {
			return head{}, err
		}
	}
	if c.open {
		return c.head, nil
	}
	return t.next(ctx)
}

// receive waits for a message to begin and calls take. If the sender takes the message back, it does so again for the next one. It
// ends with ctx also if the sender does that without end.
func (c *Conn) receive(ctx context.Context, verb string, take func(t transport) error) error {
	t, err := c.enter(ctx, verb, receives)
	if err != nil {
		return err
	}
	defer c.receiver.unlock()
	for taken := 0; ; taken++ {
		if taken > mostTakenBack && ctx.Err() != nil {
			return c.noteFailure(ctx, verb, errOver)
		}
		if c.head, err = c.begin(ctx, t); err != nil {
			return c.noteFailure(ctx, verb, err)
		}
		c.open = true
		if err := take(t); !errors.Is(err, errTakenBack) {
			return err
		}
		c.open, c.kept = false, nil
	}
}

// noteFailure makes the error of a receive from that of the transport. Unless the ctx has ended, it notes that nothing can be
// received any more.
func (c *Conn) noteFailure(ctx context.Context, verb string, err error) error {
	if !errors.Is(err, errOver) {
		c.failed = err
	}
	return c.fail(verb, waited(ctx, err))
}

// body reads the body into memory from room. room(n) returns n bytes, of which the first are those that it returned before.
func (c *Conn) body(ctx context.Context, verb string, t transport, room func(n int) ([]byte, error)) error {
	size := c.head.size
	p, err := room(min(size, atOnce+len(c.kept)&^7)) // a multiple of 8, so that numbers are whole
	if err != nil {
		return fmt.Errorf("mp: %s: %w", verb, err)
	}
	have := copy(p, c.kept)
	for have < size {
		if have == len(p) {
			if p, err = room(min(size, 2*len(p))); err != nil {
				return fmt.Errorf("mp: %s: %w", verb, err)
			}
		}
		n, err := t.read(ctx, p[have:])
		have += n
		switch {
		case errors.Is(err, errTakenBack):
			return err
		case err != nil:
			c.kept = append([]byte(nil), p[:have]...)
			return c.noteFailure(ctx, verb, err)
		}
	}
	c.kept = nil
	return nil
}

func (c *Conn) finish(t transport, verb string) ([]*os.File, error) {
	c.open = false
	files, err := t.finish()
	if err != nil {
		return nil, c.fail(verb, err)
	}
	return files, nil
}

// mismatch drops a message of another kind than the method receives. From a peer that is not authenticated yet, nothing is
// received any more.
func (c *Conn) mismatch(ctx context.Context, t transport, verb string) error {
	if f, ok := t.(*frames); ok && f.stranger {
		c.failed = fmt.Errorf("%w: it is no part of the handshake", ErrCorrupt)
		return c.fail(verb, c.failed)
	}
	by := [kinds]string{"bytes, sent with SendBytes: receive them with RecvBytes or RecvBytesInto"}
	by[kindValue] = "a value, sent with Send: receive it with Recv"
	by[kindMemory] = by[kindValue]
	by[kindFiles] = "files, sent with SendHandle: receive them with RecvHandle"
	return errors.Join(c.drop(ctx, t), fmt.Errorf("mp: %s: the message is %s", verb, by[c.head.kind]))
}

// drop skips the rest of the message. If ctx ends before that is done, the next receive goes on with it.
func (c *Conn) drop(ctx context.Context, t transport) error {
	c.dropped, c.left, c.kept = true, c.head.size-len(c.kept), nil
	err := c.skip(ctx, t)
	if err != nil && !errors.Is(err, errTakenBack) {
		return c.noteFailure(ctx, "receiving", err)
	}
	return err
}

// mostSkipped bounds how much of a dropped message is read once ctx has ended: the sender may send for ever.
const mostSkipped = 1 << 20

// skip reads the rest of a dropped message, and closes its files. It ignores errors of the files, which do not concern the next
// message.
func (c *Conn) skip(ctx context.Context, t transport) error {
	waste := make([]byte, min(c.left, 64<<10))
	for skipped := 0; c.left > 0; {
		n, err := t.read(ctx, waste[:min(c.left, len(waste))])
		c.left -= n
		if errors.Is(err, errTakenBack) {
			c.open, c.dropped = false, false
		}
		if err != nil {
			return err
		}
		if skipped += n; skipped >= mostSkipped && c.left > 0 && ctx.Err() != nil {
			return errOver
		}
	}
	c.open, c.dropped = false, false
	files, _ := t.finish()
	link.CloseAll(files)
	return nil
}

// RecvShort is RecvBytes for a peer that is not authenticated yet. A message that is not bytes, or has more than most of them, is
// ErrCorrupt, and nothing is received after it. Files that the peer sends are closed at once.
func RecvShort(ctx context.Context, c *Conn, most int) (p []byte, err error) {
	if t, ok := c.t.(*frames); ok {
		t.stranger = true
		defer func() { t.stranger = false }()
	}
	err = c.recvBytes(ctx, "the handshake", func(n int) ([]byte, error) {
		if c.head.size > most {
			c.failed = fmt.Errorf("%w: a message of %d bytes where at most %d may be", ErrCorrupt, c.head.size, most)
			return nil, c.failed
		}
		p = grown(p, n)
		return p, nil
	})
	return p, err
}
