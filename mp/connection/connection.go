// Package connection is messages between processes. Pipe connects processes that this program starts. Listen and Dial connect any
// processes on this machine or others, also Python's. Wait waits for the first of several connections, queues, events and
// processes to be ready. It is Python's multiprocessing.connection.
package connection

import "github.com/go-multiprocessing/multiprocessing/mp/internal/conn"

// Conn is one end of a connection. Its methods:
//
//	Send(ctx, v any) error                       a value of any type that can be an argument, with files and handles in it
//	Recv(ctx, ptr any) error                     stores it in what ptr points to; slices of numbers keep their arrays
//	SendBytes(ctx, p []byte) error               bytes, as Python's send_bytes
//	RecvBytes(ctx) ([]byte, error)               in fresh memory
//	RecvBytesInto(ctx, p []byte) (int, error)    in the caller's memory; *TooShortError when the message is longer
//	SendHandle(ctx, files ...*os.File) error     open files; the sender keeps its own
//	RecvHandle(ctx) ([]*os.File, error)
//	Poll(timeout time.Duration) (bool, error)    whether there is a message, or the end
//	Done() <-chan struct{}                       closed when this end was closed or has moved
//	Close() error                                ends every wait, here and at the other end
//	String() string
//
// Any number of goroutines may send, and any number receive. Messages arrive whole and in order.
//
// A wait ends when its ctx does, when this end is closed, and when the other end is closed or its process dies. With a ctx that
// has already ended, an operation that need not wait still succeeds. When a ctx ends in the middle of a message, a later receive
// continues where this one stopped. A message that was sent in part is taken back by the ends of a Pipe on Linux. Elsewhere, and
// over sockets, the rest of it cannot be sent any more, nor anything after it: ErrClosed.
//
// When this end is closed, every method returns mp.ErrClosed, and another Close returns nil. When the other end is closed, or its
// process dead, what it has sent is received first. Then Recv returns io.EOF, or io.ErrUnexpectedEOF within a message, and Send
// returns mp.ErrClosed.
//
// A *Conn may be a field of an argument, a result or an item, or be sent over another Conn. It moves: once the message is sent,
// this process's end is closed, and its methods say so. So no copy is left to be closed, and the other end gets io.EOF when the
// process with this end ends. An end cannot move while it is in use, nor in the middle of a message. Between its encoding and the
// sending (NewProcess and its Start) it can only be closed.
type Conn = conn.Conn

// TooShortError says that the buffer of RecvBytesInto was shorter than the message. It has the whole message. It is Python's
// BufferTooShort.
type TooShortError = conn.TooShortError

// Pipe returns both ends of a connection: what one end sends, the other receives. They are for two processes, one of which may be
// this one. Each process closes its end, unless it ends. A pipe has no name. On Linux it is 1 MiB of shared memory, half of it
// for each direction, and seven descriptors for both ends; elsewhere it is a socket or a Windows pipe.
func Pipe() (a, b *Conn, err error) { return conn.Pipe() }

// PipeOneWay is Pipe for messages in one direction, as Python's Pipe(duplex=False): r only receives, and w only sends. The
// wrong direction is mp.ErrUnsupported.
func PipeOneWay() (r, w *Conn, err error) { return conn.PipeOneWay() }
