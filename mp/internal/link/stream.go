package link

import (
	"os"
	"sync/atomic"
	"time"
)

// Conn is the byte stream under a Stream; sys.Conn is one. A Write of several buffers is not interleaved with other writes.
// TakeFiles may read on in the stream, with read: on systems that cannot attach files to bytes, the files follow the bytes.
type Conn interface {
	Read(p []byte) (int, error)
	// ReadNow is Read that does not wait: os.ErrDeadlineExceeded when there is nothing. The read deadline does not count, and may
	// be gone afterwards.
	ReadNow(p []byte) (int, error)
	TakeFiles(n int, read func(p []byte) error) ([]*os.File, error)
	// Files is how many files have arrived that TakeFiles did not take.
	Files() int
	// DropFiles closes them.
	DropFiles()
	Write(bufs [][]byte, files []*os.File) error
	// Settle waits until the files that were written can reach the peer without this process.
	Settle()
	Settled() bool
	SetReadDeadline(t time.Time) error
	Close() error
}

// Stream is a link over a stream socket.
//
// Writes are coalesced. A sender that finds the socket free writes its message itself, without waking another goroutine. It
// then writes what other goroutines have sent meanwhile, a bounded number of times, and leaves the rest to a new goroutine.
type Stream struct {
	conn Conn
	out  writer
	in   reader
	pump atomic.Pointer[pump] // nil before Heed

	heeded uint32 // how many urged messages Recv returned before Heed was called
}

// NewStream makes a link of conn, which it owns.
func NewStream(conn Conn) *Stream {
	s := &Stream{conn: conn}
	s.out.conn = conn
	s.out.idle.L = &s.out.mu
	s.in.conn = conn
	return s
}

// Send is documented with Link.
func (s *Stream) Send(m Msg) error { return s.out.send(m, 0, true) }

// Post is documented with Link. The message waits in a buffer, which is written when it is full.
func (s *Stream) Post(m Msg) error { return s.out.send(m, 0, false) }

// Flush is documented with Link.
func (s *Stream) Flush() error {
	if err := s.out.flush(); err != nil {
		return err
	}
	s.conn.Settle()
	return nil
}

// Flushed reports whether Flush would have nothing to do.
func (s *Stream) Flushed() bool {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	return s.out.err != nil || !s.out.busy && len(s.out.pending) == 0 && s.conn.Settled()
}

// Reserve is documented with Link: a stream has no such memory.
func (s *Stream) Reserve(int) Msg { return Msg{} }

// Urge is documented with Link.
func (s *Stream) Urge(m Msg) error { return s.out.send(m, flagUrgent, true) }

// Heed is documented with Link.
func (s *Stream) Heed(f func(m Msg, end error)) {
	s.setPump(startPump(&s.in, s.heeded, f, nil, func() {}))
}

// setPump notes that p reads from now on.
func (s *Stream) setPump(p *pump) {
	s.pump.Store(p)
	if s.in.limit.Load() != 0 {
		p.close()
	}
}

// Recv is documented with Link. Without Heed it returns urged messages as well, in the order in which they were sent.
func (s *Stream) Recv() (Msg, error) {
	if p := s.pump.Load(); p != nil {
		return p.recv()
	}
	m, flags, err := s.in.recv()
	if flags&flagUrgent != 0 {
		s.heeded++
	}
	return m, err
}

// Poll is documented with Link.
func (s *Stream) Poll() bool { return s.pump.Load().poll() }

// Journal is documented with Link: a stream has none.
func (s *Stream) Journal() *Journal { return nil }

// PeerEnded tells the link that the peer's process is gone. What the peer has sent is still delivered, however late Recv is
// called. If another process holds the peer's end open, Recv ends with os.ErrDeadlineExceeded once nothing has come for as long
// as limit, or once more has come than a link can hold.
func (s *Stream) PeerEnded(limit time.Duration) {
	s.conn.SetReadDeadline(time.Now().Add(limit)) // for a Recv that already waits; first, so that it does not replace that of Recv
	s.in.limit.Store(int64(limit))
	if p := s.pump.Load(); p != nil {
		p.close()
	}
}

// Close is documented with Link. What was flushed stays in the socket for the peer. The files of messages that were not received
// are closed.
func (s *Stream) Close() error {
	s.out.fail(ErrClosed)
	err := s.conn.Close()
	if p := s.pump.Load(); p != nil {
		p.drop()
	}
	return err
}
