package sys

import (
	"errors"
	"os"
	"time"
)

// Conn is one end of a link. No process is started on Windows yet (see popen), so nobody can have one.
type Conn struct{}

// ConnPair returns the parent's end of a link and the file that becomes the child's end.
func ConnPair() (*Conn, *os.File, error) { return nil, nil, errors.ErrUnsupported }

// NewConn makes a Conn of a connected handle.
func NewConn(uintptr) (*Conn, error) { return nil, errors.ErrUnsupported }

// Read reads what there is, at least one byte.
func (c *Conn) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// TakeFiles hands out the next n files that arrived.
func (c *Conn) TakeFiles(int) ([]*os.File, error) { return nil, errors.ErrUnsupported }

// Write writes all of bufs with files attached.
func (c *Conn) Write([][]byte, []*os.File) error { return errors.ErrUnsupported }

// SetReadDeadline bounds the next reads.
func (c *Conn) SetReadDeadline(time.Time) error { return errors.ErrUnsupported }

// Close ends every Read and Write.
func (c *Conn) Close() error { return errors.ErrUnsupported }
