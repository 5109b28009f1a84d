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

// OpenConn makes a Conn of an end of a duplex pipe, which it owns from then on, whatever it returns. After Surrender
// only another os.File brings the pipe to the completion port again; without it the port stays with f and takes no other.
func OpenConn(f *os.File) (*Conn, error) {
	h, err := duplicate(f, windows.CurrentProcess(), false)
	if err != nil {
		f.Close()
		return nil, err
	}
	again := os.NewFile(uintptr(h), f.Name())
	if again.SetDeadline(time.Time{}) != nil { // the port has f still
		again.Close()
		return &Conn{file: f}, nil
	}
	f.Close()
	return &Conn{file: again}, nil
}

// Adopt is not supported: a socket is no file here.
func Adopt(syscall.Conn) (*Conn, error) { return nil, errors.ErrUnsupported }

// File is the pipe, to be sent to another process. The Conn keeps it.
func (c *Conn) File() *os.File { return c.file }

// Surrender lets another process read and write in this one's place, once it has the file of a Conn: a pipe belongs to the
// completion port of one process at a time, which Fd takes it away from. It reports whether here it has to be opened again for
// that.
func Surrender(f *os.File) (lost bool) {
	f.Fd()
	return true
}

// unbound makes a file that this process's completion port has not got: it may be on its way to another process.
func unbound(h windows.Handle, name string) *os.File {
	f := os.NewFile(uintptr(h), name)
	Surrender(f)
	return f
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

// HasFiles is false: here they come with the bytes of a message or not at all.
func (c *Conn) HasFiles() bool { return false }

// DropFiles has none to close.
func (c *Conn) DropFiles() {}
