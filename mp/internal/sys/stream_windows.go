package sys

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// This file is the part of Conn that connections need and links do not.

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

// OpenConn makes a Conn of an end of a duplex pipe, which it owns from then on, whatever it returns. After Surrender, only a new
// os.File can bring the pipe to the completion port again. Without Surrender, f is still with the port, which refuses a new one.
func OpenConn(f *os.File) (*Conn, error) {
	h, err := duplicate(f, windows.CurrentProcess(), false)
	if err != nil {
		f.Close()
		return nil, err
	}
	again := os.NewFile(uintptr(h), f.Name())
	if again.SetDeadline(time.Time{}) != nil { // f is still with the port
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

// Surrender prepares the file of a Conn for use in another process: a pipe belongs to the completion port of one process at a time,
// and Fd takes it away from ours. lost reports whether this process has to open it again to read or write.
func Surrender(f *os.File) (lost bool) {
	f.Fd()
	return true
}

// unbound makes a file that is not with this process's completion port, because it may be passed on to another process.
func unbound(h windows.Handle, name string) *os.File {
	f := os.NewFile(uintptr(h), name)
	Surrender(f)
	return f
}

// ReadNow is Read that does not wait: os.ErrDeadlineExceeded when there is nothing. The read deadline does not count, and may be gone
// afterwards.
func (c *Conn) ReadNow(p []byte) (int, error) {
	if err := ready(c.file); err != nil {
		return 0, err
	}
	return c.Read(p)
}

// Soon is how long a write may take that must not wait. Here a write is not even tried when its deadline passes before the goroutine
// gets to it, so it has more time than a write takes.
const Soon = 30 * time.Millisecond

// SetWriteDeadline bounds the next writes, as in package os. A write that it ends returns ErrNotSent if nothing was written.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.file.SetWriteDeadline(t) }

// Files is 0: here files are read from the stream, and never arrive before their message.
func (c *Conn) Files() int { return 0 }

// DropFiles does nothing.
func (c *Conn) DropFiles() {}
