package sys

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/windows"
)

// Conn is one end of a duplex pipe. One goroutine may read while another writes; Close ends both. End of file means
// that the peer closed its end or died.
//
// A file travels as the value of a handle behind the bytes of its message. Only the parent may touch the other process: it
// puts the files that it sends there as handles, and fetches those that the child sends.
type Conn struct {
	file *os.File

	mu   sync.Mutex     // keeps Close from closing peer while it is used
	peer windows.Handle // the child's process; 0 at the child's end
}

// handleSize is the size of a handle's value in the stream.
const handleSize = 8

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
	c.peer, err = windows.OpenProcess(windows.PROCESS_DUP_HANDLE, false, uint32(pid))
	return os.NewSyscallError("OpenProcess", err)
}

// Read reads what there is, at least one byte. At the end of the stream it returns io.EOF.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	if errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA) || errors.Is(err, windows.ERROR_PIPE_NOT_CONNECTED) {
		err = io.EOF
	}
	return n, err
}

// TakeFiles returns the n files that came with the bytes that were read last; the caller owns them. It goes on reading
// in the stream, with read.
func (c *Conn) TakeFiles(n int, read func(p []byte) error) (files []*os.File, err error) {
	if n == 0 {
		return nil, nil
	}
	values := make([]byte, n*handleSize)
	if err := read(values); err != nil {
		return nil, err
	}
	for ; len(values) > 0; values = values[handleSize:] {
		h, failed := c.fetch(binary.LittleEndian.Uint64(values))
		if failed != nil { // the others are fetched all the same, so that they are not left in the child
			err = fmt.Errorf("a message announces files that did not come with it: %w", failed)
			continue
		}
		files = append(files, os.NewFile(uintptr(h), "mp-received"))
	}
	if err != nil {
		for _, f := range files {
			f.Close()
		}
		return nil, err
	}
	return files, nil
}

// fetch makes the handle of that value ours.
func (c *Conn) fetch(value uint64) (h windows.Handle, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	const largest = 1<<31 - 1 // what lies above stands for the process itself, and is no file
	switch {
	case value == 0 || value > largest:
		return 0, windows.ERROR_INVALID_HANDLE
	case c.peer == 0:
		return windows.Handle(value), nil
	}
	err = windows.DuplicateHandle(c.peer, windows.Handle(value), windows.CurrentProcess(), &h, 0, false,
		windows.DUPLICATE_SAME_ACCESS|windows.DUPLICATE_CLOSE_SOURCE)
	return h, os.NewSyscallError("DuplicateHandle", err)
}

// Write writes all of bufs, one after the other, and then the handles of files. It blocks while the peer does not read,
// until Close. The files stay the caller's; bufs is consumed. An error that is ErrNotSent has left the stream as it was.
func (c *Conn) Write(bufs [][]byte, files []*os.File) error {
	if len(files) > 0 {
		values, err := c.hand(files)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNotSent, err)
		}
		bufs = append(bufs[:len(bufs):len(bufs)], values)
	}
	for _, b := range bufs {
		if len(b) == 0 {
			continue
		}
		if _, err := c.file.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// hand makes copies of files for the peer and returns their values. Those for a parent stay here until it fetches them.
func (c *Conn) hand(files []*os.File) (values []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner := c.peer
	if owner == 0 {
		owner = windows.CurrentProcess()
	}
	for _, f := range files {
		h, err := duplicate(f, owner, false)
		if err != nil {
			for ; len(values) > 0; values = values[handleSize:] {
				close := windows.Handle(binary.LittleEndian.Uint64(values))
				windows.DuplicateHandle(owner, close, 0, nil, 0, false, windows.DUPLICATE_CLOSE_SOURCE)
			}
			return nil, err
		}
		values = binary.LittleEndian.AppendUint64(values, uint64(h))
	}
	return values, nil
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
	return err
}
