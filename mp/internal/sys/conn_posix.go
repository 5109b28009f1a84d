//go:build unix

package sys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Conn is one end of a connected pair of stream sockets. Files travel beside the bytes. One goroutine may read while
// another writes; Close ends both. End of file means that the peer closed its end or died.
type Conn struct {
	file *os.File
	raw  syscall.RawConn

	// For the reader only. The callback is made once, so that a Read allocates nothing.
	onReadable func(fd uintptr) bool
	in         []byte
	n          int
	err        error
	oob        []byte

	arrived struct {
		sync.Mutex
		files []*os.File // nil stands for files of one message that this process had no descriptors for
	}
}

// ConnPair returns the parent's end of a link and what becomes the child's end. The caller owns both.
func ConnPair() (*Conn, *ChildEnd, error) {
	a, b, err := socketpair()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	conn, err := NewConn(uintptr(a))
	if err != nil {
		unix.Close(b)
		return nil, nil, err
	}
	return conn, &ChildEnd{os.NewFile(uintptr(b), "mp-link")}, nil
}

// NewConn makes a Conn of a connected socket, which it owns from then on, whatever it returns.
func NewConn(fd uintptr) (*Conn, error) {
	if err := unix.SetNonblock(int(fd), true); err != nil {
		unix.Close(int(fd))
		return nil, os.NewSyscallError("setnonblock", err)
	}
	file := os.NewFile(fd, "mp-link")
	raw, err := file.SyscallConn()
	if err == nil {
		err = polled(file)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return newConn(file, raw), nil
}

func newConn(file *os.File, raw syscall.RawConn) *Conn {
	c := &Conn{file: file, raw: raw, oob: make([]byte, unix.CmsgSpace(4*FilesPerByte))}
	c.onReadable = c.receive
	return c
}

// Read reads what there is, at least one byte. Files that came along wait for TakeFiles. At the end of the stream it
// returns io.EOF.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c.in = p
	err := c.raw.Read(c.onReadable)
	c.in = nil
	return c.received(err)
}

// received turns the outcome of receive into the results of Read.
func (c *Conn) received(err error) (int, error) {
	switch {
	case err != nil:
		return 0, err
	case errors.Is(c.err, unix.ECONNRESET):
		return 0, io.EOF // the peer died with unread bytes from us
	case c.err != nil:
		return 0, os.NewSyscallError("recvmsg", c.err)
	case c.n == 0:
		return 0, io.EOF
	}
	return c.n, nil
}

func (c *Conn) receive(fd uintptr) bool {
	for {
		var fds []int
		var lost bool
		c.n, fds, lost, c.err = recvmsg(fd, c.in, c.oob)
		switch c.err {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		}
		if len(fds) > 0 || lost {
			c.accept(fds, lost)
		}
		return true
	}
}

// accept takes in files; lost says that there were more.
func (c *Conn) accept(fds []int, lost bool) {
	c.arrived.Lock()
	defer c.arrived.Unlock()
	for _, fd := range fds {
		c.arrived.files = append(c.arrived.files, os.NewFile(uintptr(fd), "mp-received"))
	}
	if lost {
		c.arrived.files = append(c.arrived.files, nil)
	}
}

// Connect tells the parent's end which process has the other one. Only Windows needs that.
func (c *Conn) Connect(int) error { return nil }

// TakeFiles returns the next n files that arrived; the caller owns them. If some were lost because this process has too many files
// open, it closes the others and returns ErrFilesLost; the stream can still be used. It fails if the peer sent fewer. The second
// argument is for Windows, where files are read from the stream.
func (c *Conn) TakeFiles(n int, _ func(p []byte) error) ([]*os.File, error) {
	if n == 0 {
		return nil, nil
	}
	c.arrived.Lock()
	defer c.arrived.Unlock()
	came, lost := 0, false
	for sent := 0; sent < n; came++ {
		switch {
		case came == len(c.arrived.files):
			return nil, errors.New("a message announces files that did not come with it")
		case c.arrived.files[came] != nil:
			sent++
		default: // nil stands for the rest of one sendmsg: see Write
			sent, lost = sent-sent%FilesPerByte+FilesPerByte, true
		}
	}
	files := c.arrived.files[:came:came]
	c.arrived.files = c.arrived.files[came:]
	if lost {
		closeAll(files)
		return nil, ErrFilesLost
	}
	return files, nil
}

// Write writes all of bufs, one after the other, with files attached to the first bytes. It blocks while the peer does
// not read, until Close. The files stay the caller's; bufs is consumed. After ErrNotSent the stream is as it was. After any
// other error it has ended, and the peer reads the end.
func (c *Conn) Write(bufs [][]byte, files []*os.File) error {
	fds, release, err := hold(files)
	defer release()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	for written := false; ; written = true {
		part, rest := bufs, fds
		if len(fds) > FilesPerByte {
			// Descriptors need at least one byte to ride on: give this part of them the first one.
			part, rest = [][]byte{bufs[0][:1]}, fds[:FilesPerByte]
		}
		n, err := c.send(part, rest)
		if err != nil {
			gone := errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, os.ErrClosed)
			if (len(files) > 0 || errors.Is(err, os.ErrDeadlineExceeded)) && n == 0 && !written && !gone {
				return fmt.Errorf("%w: %w", ErrNotSent, err)
			}
			_ = c.raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) }) // the peer must not wait for the rest
			return err
		}
		if len(fds) <= FilesPerByte {
			return nil
		}
		bufs[0], fds = bufs[0][1:], fds[FilesPerByte:]
	}
}

// hold returns descriptors that stay open until release, whatever happens to the files.
func hold(files []*os.File) (fds []int, release func(), err error) {
	release = func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}
	for _, f := range files {
		fd, err := dup(f)
		if err != nil {
			return fds, release, err
		}
		fds = append(fds, fd)
	}
	return fds, release, nil
}

// send writes bufs with descriptors attached and reports how much was written. Once the deadline is over, send does not wait any
// more, but still writes what fits. One goroutine sends at a time.
func (c *Conn) send(bufs [][]byte, fds []int) (written int, err error) {
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	var failed error
	try := func(fd uintptr) bool {
		for bufs = skip(bufs, 0); len(bufs) > 0; {
			n, err := unix.SendmsgBuffers(int(fd), bufs, oob, nil, sendFlags)
			switch err {
			case nil:
				written += n
				bufs, oob = skip(bufs, n), nil
			case unix.EINTR:
			case unix.EAGAIN:
				return false
			default:
				failed = os.NewSyscallError("sendmsg", err)
				return true
			}
		}
		return true
	}
	if err = c.raw.Write(try); errors.Is(err, os.ErrDeadlineExceeded) { // perhaps without having called try
		over := err
		err = c.raw.Control(func(fd uintptr) {
			if !try(fd) {
				failed = over
			}
		})
	}
	return written, errors.Join(err, failed)
}

// skip drops the first n bytes of bufs, and empty buffers in front.
func skip(bufs [][]byte, n int) [][]byte {
	for len(bufs) > 0 && n >= len(bufs[0]) {
		n -= len(bufs[0])
		bufs = bufs[1:]
	}
	if n > 0 {
		bufs[0] = bufs[0][n:]
	}
	return bufs
}

// Settled reports whether the files that were written do not need this process any more. Here the kernel keeps them.
func (c *Conn) Settled() bool { return true }

// Settle waits until the files that were written do not need this process any more.
func (c *Conn) Settle() {}

// SetReadDeadline bounds the next reads, as in package os.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.file.SetReadDeadline(t) }

// Close ends every Read and Write, then and later, and closes the files that were not taken.
func (c *Conn) Close() error {
	err := c.file.Close() // returns when no Read runs any more
	c.DropFiles()
	return err
}
