package sys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/windows"
)

// Conn is one end of a duplex pipe. One goroutine may read while another writes; Close ends both. End of file means
// that the peer closed its end or died.
//
// A file travels as the value of a handle behind the bytes of its message. Only the parent may touch the other process: it
// puts the files that it sends there as handles, and fetches those that the child sends. Until then these stay in the
// child, so that one more handle follows them: a receipt, an event that the parent sets. From a parent it is 0.
type Conn struct {
	file *os.File

	mu   sync.Mutex     // keeps Close from closing the handles while they are used
	peer windows.Handle // the child's process; 0 at the child's end

	// At the child's end, for the files that the parent may not have fetched yet.
	receipt windows.Handle   // for those that were sent last; 0: there are none
	handed  []windows.Handle // they, and receipts before
}

const (
	// handleSize is the size of a handle's value in the stream.
	handleSize = 8
	// writeSize bounds a single write: the system may want memory of its own for all of it.
	writeSize = 1 << 20
)

// ConnPair returns the parent's end of a link and what becomes the child's end. The caller owns both.
func ConnPair() (*Conn, *ChildEnd, error) {
	ours, theirs, err := pipePair(windows.PIPE_ACCESS_DUPLEX, windows.GENERIC_READ|windows.GENERIC_WRITE, windows.FILE_FLAG_OVERLAPPED)
	if err != nil {
		return nil, nil, err
	}
	conn, err := NewConn(uintptr(ours))
	return conn, &ChildEnd{handle: theirs}, err
}

// NewConn makes a Conn of a handle, which it owns from then on.
func NewConn(handle uintptr) (*Conn, error) {
	return &Conn{file: os.NewFile(handle, "mp-link")}, nil
}

// Connect tells the parent's end which process has got the other one. Without it no files can be sent.
func (c *Conn) Connect(pid int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	c.peer, err = windows.OpenProcess(windows.PROCESS_DUP_HANDLE|windows.SYNCHRONIZE, false, uint32(pid))
	return os.NewSyscallError("OpenProcess", err)
}

// Read reads what there is, at least one byte. At the end of the stream it returns io.EOF.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	for n == 0 && aborted(err) {
		n, err = c.file.Read(p)
	}
	if errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA) || errors.Is(err, windows.ERROR_PIPE_NOT_CONNECTED) {
		err = io.EOF
	}
	return n, err
}

// aborted reports whether a read or write was ended by somebody who closed another handle of the same pipe in this process, as the
// one that an end has moved away from: package os cancels by the pipe, and has other errors for what is ours.
func aborted(err error) bool { return errors.Is(err, windows.ERROR_OPERATION_ABORTED) }

// Write writes all of bufs, one after the other, and then the handles of files. It blocks while the peer does not read,
// until Close. The files stay the caller's; bufs is consumed. An error that is ErrNotSent has left the stream as it was.
func (c *Conn) Write(bufs [][]byte, files []*os.File) error {
	if len(files) > 0 {
		values, err := c.hand(files)
		if err != nil {
			return err
		}
		bufs = append(bufs[:len(bufs):len(bufs)], values)
	}
	written := 0
	for _, b := range bufs {
		for part := range slices.Chunk(b, writeSize) {
			n, err := c.file.Write(part)
			for aborted(err) {
				var more int
				more, err = c.file.Write(part[n:])
				n += more
			}
			if written += n; written == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
				return fmt.Errorf("%w: %w", ErrNotSent, err)
			}
			if err != nil {
				c.interrupt(err)
				return err
			}
		}
	}
	return nil
}

// interrupt ends the stream for both ends after a write that failed: who waits for the rest waits in vain. When it failed
// because the peer is gone, what that has sent is still to be read. When its deadline was over, the peer reads what was written
// before: a pipe that is disconnected loses that, one that is closed does not.
func (c *Conn) interrupt(err error) {
	if errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA) || errors.Is(err, os.ErrClosed) {
		return
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.file.Close()
		return
	}
	raw, err := c.file.SyscallConn()
	if err == nil {
		raw.Control(func(h uintptr) { err = windows.DisconnectNamedPipe(windows.Handle(h)) })
	}
	if err != nil { // only the parent's end can do that
		c.file.Close()
	}
}

// SetReadDeadline bounds the next reads, as in package os.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.file.SetReadDeadline(t) }

// Close ends every Read and Write, then and later.
func (c *Conn) Close() error {
	err := c.file.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.peer != 0 && c.peer != windows.InvalidHandle {
		windows.CloseHandle(c.peer)
		c.peer = windows.InvalidHandle // it is not the child's end that is left
	}
	if c.receipt != 0 {
		windows.SetEvent(c.receipt) // for who waits for it
		c.reclaim()
	}
	return err
}
