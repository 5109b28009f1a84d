// Package connection is messages between processes: Pipe for those that this program starts, Listen and Dial for any on this
// machine or on others, also Python's, and Wait for whichever of several connections, queues, events and processes has
// something. It is Python's multiprocessing.connection.
package connection

import "github.com/go-multiprocessing/multiprocessing/mp/internal/conn"

// Conn is one end of a connection. Its methods:
//
//	Send(ctx, v any) error                       a value of any type that can be an argument, with files and handles in it
//	Recv(ctx, ptr any) error                     stores it in what ptr points to; slices of numbers keep their arrays
//	SendBytes(ctx, p []byte) error               bytes, as Python's send_bytes
//	RecvBytes(ctx) ([]byte, error)               in fresh memory
//	RecvBytesInto(ctx, p []byte) (int, error)    in the caller's; *TooShortError when the message is longer
//	SendHandle(ctx, files ...*os.File) error     what is open; the sender keeps its own
//	RecvHandle(ctx) ([]*os.File, error)
//	Poll(timeout time.Duration) (bool, error)    whether there is a message, or the end
//	Done() <-chan struct{}                       closed when this end was closed or has moved
//	Close() error                                ends what waits, here and at the other end
//	String() string
//
// Any number of goroutines may send, and any number receive. Messages arrive whole and in order.
//
// What waits ends when its ctx does, when this end is closed, and when the other end is closed or its process dies. A ctx that
// is over already still lets an operation that needs no waiting finish. When a ctx ends within a message, receiving goes on
// where it was. A message that was sent in part is taken back by the ends of a Pipe on Linux; elsewhere, and over sockets, the
// rest of it cannot be sent any more, nor anything after it: ErrClosed.
//
// This end closed: mp.ErrClosed from every method, but nil from another Close. The other end closed, or its process dead: what
// it has sent is received first, then Recv is io.EOF, or io.ErrUnexpectedEOF within a message, and Send is mp.ErrClosed.
//
// A *Conn may be a field of an argument, a result or an item, or be sent over another Conn. It moves: once the message was sent,
// this process's end is closed, and to use it says so. That is why the other end gets io.EOF when the process that has it ends,
// and nobody has to close a copy. It must not be in use meanwhile, nor in the middle of a message. Between its encoding and
// the sending (NewProcess and its Start) it is of no use but to Close it.
type Conn = conn.Conn

// TooShortError says that RecvBytesInto had less room than the message is long, and has all of it. It is Python's
// BufferTooShort.
type TooShortError = conn.TooShortError

// Pipe returns both ends of a connection: what one sends the other receives. They are for two processes, one of which may be
// this one. Who has an end closes it, unless its process ends. Nothing of a pipe has a name. On Linux a pipe is 1 MiB of
// shared memory, half of it for what is on its way in each direction, and seven descriptors; elsewhere a socket or a Windows
// pipe.
func Pipe() (a, b *Conn, err error) { return conn.Pipe() }

// PipeOneWay is Pipe for messages in one direction, as Python's Pipe(duplex=False): r only receives, and w only sends. The
// wrong direction is mp.ErrUnsupported.
func PipeOneWay() (r, w *Conn, err error) { return conn.PipeOneWay() }
