package link

import (
	"os"
	"sync/atomic"
	"time"
)

// Conn is the byte stream under a Stream; sys.Conn is one. A Write of several buffers is not interrupted by others.
// TakeFiles may go on reading in the stream, with read: where files cannot ride beside the bytes, they follow them.
type Conn interface {
	Read(p []byte) (int, error)
	TakeFiles(n int, read func(p []byte) error) ([]*os.File, error)
	Write(bufs [][]byte, files []*os.File) error
	// Settle waits until the files that were written do not need this process any more.
	Settle()
	Settled() bool
	SetReadDeadline(t time.Time) error
	Close() error
}

// Stream is a link over a stream socket.
//
// Writing coalesces: whoever finds the socket free writes its message itself, at once and without waking another
// goroutine; messages that others send meanwhile are taken along by the next write. A sender does this for others a
// bounded number of times and then hands the rest over to a goroutine.
type Stream struct {
	conn Conn
	out  writer
	in   reader
	pump atomic.Pointer[pump] // nil before Heed

	heeded uint32 // how many urged messages Recv has returned, for want of a Heed
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

// Post is documented with Link. On a stream nothing is visible before it is written; a full buffer is written anyway.
func (s *Stream) Post(m Msg) error { return s.out.send(m, 0, false) }

// Flush is documented with Link.
func (s *Stream) Flush() error {
	if err := s.out.flush(); err != nil {
		return err
	}
	s.conn.Settle()
	return nil
}

// Flushed reports whether Flush has nothing to do.
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
	s.pumped(startPump(&s.in, s.heeded, f, nil, func() {}))
}

// pumped notes who reads from now on.
func (s *Stream) pumped(p *pump) {
	s.pump.Store(p)
	if s.in.limit.Load() != 0 {
		p.close()
	}
}

// Recv is documented with Link. Without Heed it returns what was urged as well, in the order in which it was sent.
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

// PeerEnded says that the peer's process is gone. What it has sent is still delivered, however late Recv asks for it. Should
// something else hold the peer's end, then Recv ends with os.ErrDeadlineExceeded when nothing comes for as long as the
// limit, or more than a link can hold.
func (s *Stream) PeerEnded(limit time.Duration) {
	s.in.limit.Store(int64(limit))
	s.conn.SetReadDeadline(time.Now().Add(limit)) // for a Recv that waits already
	s.goOn()
}

// Close is documented with Link. The socket keeps for the peer what was flushed.
func (s *Stream) Close() error {
	s.out.fail(ErrClosed)
	err := s.conn.Close()
	s.goOn()
	return err
}

// goOn has the pump, if there is one, read to the end, which is near.
func (s *Stream) goOn() {
	if p := s.pump.Load(); p != nil {
		p.close()
	}
}
