package link

import (
	"bytes"
	"os"
	"time"
)

// bytesConn is a Conn that reads given bytes.
type bytesConn struct{ bytes.Reader }

func (c *bytesConn) ReadNow(p []byte) (int, error) { return c.Read(p) }
func (*bytesConn) TakeFiles(n int, _ func([]byte) error) ([]*os.File, error) {
	if n > 0 {
		return nil, errCorrupt
	}
	return nil, nil
}
func (*bytesConn) Files() int                       { return 0 }
func (*bytesConn) DropFiles()                       {}
func (*bytesConn) Settle()                          {}
func (*bytesConn) Settled() bool                    { return true }
func (*bytesConn) Write([][]byte, []*os.File) error { return nil }
func (*bytesConn) SetReadDeadline(time.Time) error  { return nil }
func (*bytesConn) Close() error                     { return nil }
