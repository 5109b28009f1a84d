package sys

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// This file is what connections need of a Conn, beyond links.

// StreamPair returns both ends of a duplex pipe, for OpenConn.
func StreamPair() (a, b *os.File, err error) {
	x, y, err := pipePair(windows.PIPE_ACCESS_DUPLEX, windows.GENERIC_READ|windows.GENERIC_WRITE, windows.FILE_FLAG_OVERLAPPED)
	if err != nil {
		return nil, nil, err
	}
	if err := windows.SetHandleInformation(y, windows.HANDLE_FLAG_INHERIT, 0); err != nil {
		windows.CloseHandle(x)
		windows.CloseHandle(y)
		return nil, nil, os.NewSyscallError("SetHandleInformation", err)
	}
	return os.NewFile(uintptr(x), "mp-conn"), os.NewFile(uintptr(y), "mp-conn"), nil
}

// OpenConn makes a Conn of an end of a duplex pipe, which it owns from then on.
func OpenConn(f *os.File) (*Conn, error) { return &Conn{file: f}, nil }

// Adopt is not supported: a socket is no file here.
func Adopt(syscall.Conn) (*Conn, error) { return nil, errors.ErrUnsupported }

// File is the pipe, to be sent to another process. The Conn keeps it.
func (c *Conn) File() *os.File { return c.file }

// Surrender lets another process read and write in this one's place, once it has File: a pipe belongs to the completion port
// of one process at a time, which Fd takes it away from.
func (c *Conn) Surrender() error {
	c.file.Fd()
	return nil
}

// readSoon is how long ReadNow looks for what is there already: a read cannot be tried here, only cancelled.
const readSoon = time.Millisecond

// ReadNow is Read that hardly waits: os.ErrDeadlineExceeded when there is nothing.
func (c *Conn) ReadNow(p []byte) (int, error) {
	if err := c.file.SetReadDeadline(time.Now().Add(readSoon)); err != nil {
		return 0, err
	}
	defer c.file.SetReadDeadline(time.Time{})
	return c.Read(p)
}

// SetWriteDeadline bounds the next writes, as in package os. A write that it ends is ErrNotSent if nothing of it has left.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.file.SetWriteDeadline(t) }

// DropFiles has none to close: here they come with the bytes of a message or not at all.
func (c *Conn) DropFiles() {}
