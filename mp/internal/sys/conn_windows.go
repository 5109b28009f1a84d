package sys

import (
	"encoding/binary"
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
// puts the files that it sends there as handles, and fetches those that the child sends. Until then these need the child,
// so that one more handle follows them: a receipt, an event that the parent sets. From a parent it is 0.
type Conn struct {
	file *os.File

	mu      sync.Mutex     // keeps Close from closing the handles while they are used
	peer    windows.Handle // the child's process; 0 at the child's end
	receipt windows.Handle // for the files that were sent last; 0: for none
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
	values := make([]byte, (n+1)*handleSize)
	if err := read(values); err != nil {
		return nil, err
	}
	next := func() uint64 {
		v := binary.LittleEndian.Uint64(values)
		values = values[handleSize:]
		return v
	}
	for range n {
		h, failed := c.fetch(next())
		if failed != nil { // the others are fetched all the same, so that they are not left in the child
			err = fmt.Errorf("a message announces files that did not come with it: %w", failed)
			continue
		}
		files = append(files, os.NewFile(uintptr(h), "mp-received"))
	}
	if receipt := next(); receipt != 0 {
		if h, failed := c.fetch(receipt); failed == nil {
			windows.SetEvent(h)
			windows.CloseHandle(h)
		}
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
	if err != nil && c.peer != windows.InvalidHandle && ended(c.peer) {
		err = io.ErrUnexpectedEOF // the file has gone with its sender
	}
	return h, os.NewSyscallError("DuplicateHandle", err)
}

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
	for _, b := range bufs {
		for part := range slices.Chunk(b, writeSize) {
			if _, err := c.file.Write(part); err != nil {
				return err
			}
		}
	}
	return nil
}

// hand makes copies of files for the peer and returns their values and that of the receipt. Those for a parent stay here
// until it fetches them.
func (c *Conn) hand(files []*os.File) (values []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner := c.peer
	if owner == 0 {
		owner = windows.CurrentProcess()
	}
	for _, f := range files {
		var h windows.Handle
		if h, err = duplicate(f, owner, false); err != nil {
			break
		}
		values = binary.LittleEndian.AppendUint64(values, uint64(h))
	}
	var receipt windows.Handle
	if err == nil && c.peer == 0 {
		receipt, err = c.newReceipt()
	}
	if err == nil {
		return binary.LittleEndian.AppendUint64(values, uint64(receipt)), nil
	}
	for ; len(values) > 0; values = values[handleSize:] {
		h := windows.Handle(binary.LittleEndian.Uint64(values))
		windows.DuplicateHandle(owner, h, 0, nil, 0, false, windows.DUPLICATE_CLOSE_SOURCE)
	}
	if c.peer != 0 && (c.peer == windows.InvalidHandle || ended(c.peer)) {
		return nil, err // it is not the files that are bad
	}
	return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
}

// newReceipt makes the event for the files that are to be sent now, and returns a handle of it for the parent. What the
// parent has got after it, it has got before: the one before is not needed any more.
func (c *Conn) newReceipt() (h windows.Handle, err error) {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return 0, os.NewSyscallError("CreateEvent", err)
	}
	if h, err = again(event); err != nil {
		windows.CloseHandle(event)
		return 0, err
	}
	if c.receipt != 0 {
		windows.CloseHandle(c.receipt)
	}
	c.receipt = event
	return h, nil
}

// Settled reports whether the peer has got the files that were written: until then they need this process.
func (c *Conn) Settled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.receipt == 0 || ended(c.receipt)
}

// Settle waits until the peer has got the files that were written, or until Close.
func (c *Conn) Settle() {
	c.mu.Lock()
	var receipt windows.Handle
	var err error
	if c.receipt != 0 {
		receipt, err = again(c.receipt)
	}
	c.mu.Unlock()
	if receipt != 0 && err == nil {
		windows.WaitForSingleObject(receipt, windows.INFINITE)
		windows.CloseHandle(receipt)
	}
}

// again returns one more handle for the same thing.
func again(h windows.Handle) (other windows.Handle, err error) {
	us := windows.CurrentProcess()
	err = windows.DuplicateHandle(us, h, us, &other, 0, false, windows.DUPLICATE_SAME_ACCESS)
	return other, os.NewSyscallError("DuplicateHandle", err)
}

// ended reports whether a process has ended, or an event was set.
func ended(h windows.Handle) bool {
	event, err := windows.WaitForSingleObject(h, 0)
	return err == nil && event == windows.WAIT_OBJECT_0
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
		windows.CloseHandle(c.receipt)
		c.receipt = 0
	}
	return err
}
