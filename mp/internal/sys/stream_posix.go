//go:build unix

package sys

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// This file is the part of Conn that connections need and links do not.

// StreamPair returns both ends of a connected pair of stream sockets, for OpenConn.
func StreamPair() (a, b *os.File, err error) {
	x, y, err := socketpair()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	for _, fd := range [...]int{x, y} {
		if err := unix.SetNonblock(fd, true); err != nil {
			unix.Close(x)
			unix.Close(y)
			return nil, nil, os.NewSyscallError("setnonblock", err)
		}
	}
	return os.NewFile(uintptr(x), "mp-conn"), os.NewFile(uintptr(y), "mp-conn"), nil
}

// OpenConn makes a Conn of a connected socket, which it owns from then on, whatever it returns.
func OpenConn(f *os.File) (*Conn, error) {
	raw, err := f.SyscallConn()
	if err == nil {
		err = polled(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return newConn(f, raw), nil
}

// Adopt makes a Conn of a connection of package net, which stays the caller's. It fails with errors.ErrUnsupported where
// that cannot be done.
func Adopt(c syscall.Conn) (*Conn, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd, err := dupRaw(raw)
	if err != nil {
		return nil, err
	}
	return NewConn(uintptr(fd))
}

// File is the socket, to be sent to another process. The Conn keeps it.
func (c *Conn) File() *os.File { return c.file }

// Surrender prepares the file of a Conn for use in another process. lost reports whether this process has to open it again to read
// or write.
func Surrender(*os.File) (lost bool) { return false }

// ReadNow is Read that does not wait: os.ErrDeadlineExceeded when there is nothing. The read deadline does not count, and may be gone
// afterwards.
func (c *Conn) ReadNow(p []byte) (int, error) {
	c.in = p
	some := false
	err := c.raw.Control(func(fd uintptr) { some = c.receive(fd) })
	c.in = nil
	if err == nil && !some {
		return 0, os.ErrDeadlineExceeded
	}
	return c.received(err)
}

// Soon is how long a write may take that must not wait: a little, so that a message that a reader takes out at once is not cut short.
const Soon = time.Millisecond

// SetWriteDeadline bounds how long the next writes wait: a write that need not wait succeeds even after the deadline. A write that
// the deadline ends returns ErrNotSent if nothing was written.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.file.SetWriteDeadline(t) }

// Files is how many files have arrived and were not taken. Some of them may have been lost.
func (c *Conn) Files() int {
	c.arrived.Lock()
	defer c.arrived.Unlock()
	return len(c.arrived.files)
}

// DropFiles closes the files that have arrived and were not taken.
func (c *Conn) DropFiles() {
	c.arrived.Lock()
	files := c.arrived.files
	c.arrived.files = nil
	c.arrived.Unlock()
	closeAll(files)
}
