package connection

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/conn"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// adopt makes a Conn of c, which it owns. where names the other end.
func adopt(c net.Conn, where string) (*Conn, error) {
	_, unix := c.(*net.UnixConn)
	s, err := sys.Adopt(c.(syscall.Conn))
	if errors.Is(err, errors.ErrUnsupported) {
		return conn.Over(netStream{c}, where, false), nil
	}
	c.Close()
	if err != nil {
		return nil, err
	}
	return conn.Over(s, where, unix), nil
}

// netStream makes a stream of a net.Conn, on systems where sys.Adopt cannot.
type netStream struct{ net.Conn }

// readSoon is how long ReadNow tries to read what is already there.
const readSoon = time.Millisecond

func (s netStream) ReadNow(p []byte) (int, error) {
	if err := s.SetReadDeadline(time.Now().Add(readSoon)); err != nil {
		return 0, err
	}
	defer s.SetReadDeadline(time.Time{})
	return s.Read(p)
}

func (s netStream) Write(bufs [][]byte, _ []*os.File) error {
	written := int64(0)
	for _, b := range bufs {
		n, err := s.Conn.Write(b)
		if written += int64(n); err != nil {
			if written == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
				return errors.Join(sys.ErrNotSent, err)
			}
			if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
				half.CloseWrite() // so that the peer does not wait for the rest
			}
			return err
		}
	}
	return nil
}

func (s netStream) TakeFiles(int, func([]byte) error) ([]*os.File, error) { return nil, nil }

func (s netStream) Files() int { return 0 }

func (s netStream) DropFiles() {}
