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
// A file travels as the value of a handle after the bytes of its message. Only the parent may access the other process: it
// duplicates the files that it sends into the child, and duplicates those that the child sends out of it. The child has to keep
// its handles until then, so one more handle follows them: the receipt, an event that the parent sets. From a parent it is 0.
type Conn struct {
	file *os.File

	mu     sync.Mutex // keeps Close from closing the handles while they are used
	closed bool
	parent bool           // this is the parent's end, by Connect
	peer   windows.Handle // at the parent's end: the child's process; 0: it had ended before Connect, or Close was called

	// At the child's end, for the files that the parent may not have fetched yet.
	receipt windows.Handle   // for the files that were sent last; 0: there are none
	handed  []windows.Handle // the files, and earlier receipts
}

const (
	// handleSize is the size of a handle's value in the stream.
	handleSize = 8
	// writeSize bounds a single write: the system may need a buffer for all of it.
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

// Connect tells the parent's end which process has the other one, so that files can pass; pid 0: that process has ended, and none
// can.
func (c *Conn) Connect(pid int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parent = true
	if pid == 0 {
		return nil
	}
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

// aborted reports whether a read or write ended because another handle of the same pipe was closed in this process, such as the
// handle that OpenConn has replaced: package os cancels all I/O of the pipe. For a Close or a deadline of this file it has other
// errors.
func aborted(err error) bool { return errors.Is(err, windows.ERROR_OPERATION_ABORTED) }

// Write writes all of bufs, one after the other, and then the handles of files. It blocks while the peer does not read,
// until Close. The files stay the caller's; bufs is consumed. After ErrNotSent the stream is as it was.
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

// interrupt ends the stream for both ends after a failed write, because the peer must not wait for the rest. If the peer is gone, it
// does nothing: what the peer has sent can still be read. After a deadline it closes the pipe, so that the peer can read what was
// written before; disconnecting the pipe would lose that.
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
	if err != nil { // only the parent's end can disconnect
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
	c.closed = true
	if c.peer != 0 {
		windows.CloseHandle(c.peer)
		c.peer = 0
	}
	if c.receipt != 0 {
		windows.SetEvent(c.receipt) // ends Settle
		c.reclaim()
	}
	return err
}
