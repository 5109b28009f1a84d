package sys

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Bell wakes one goroutine of another process: an eventfd that the waiter watches through the poller, edge-triggered. Every
// ring is an edge, so the waiter does not read the counter, and waiting holds no thread.
type Bell struct {
	file *os.File
	raw  syscall.RawConn
}

// NewBell makes a bell. Its File is for the other process.
func NewBell() (*Bell, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	return OpenBell(os.NewFile(uintptr(fd), "mp-bell"))
}

// OpenBell makes a bell of a file that came from another process. It owns the file from then on, whatever it returns.
func OpenBell(f *os.File) (*Bell, error) {
	if err := polled(f); err != nil {
		f.Close()
		return nil, err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Bell{file: f, raw: raw}, nil
}

func ring(fd uintptr) {
	if _, err := unix.Write(int(fd), oneRing); errors.Is(err, unix.EAGAIN) { // the counter is full
		_, _ = unix.Read(int(fd), make([]byte, len(oneRing)))
		_, _ = unix.Write(int(fd), oneRing)
	}
}

// oneRing is what a ring adds to the counter, in either byte order: the kernel only looks whether there was a write.
var oneRing = []byte{1, 0, 0, 0, 0, 0, 0, 0}

// Ring wakes the waiter, also in this process. It does not block, unless the process that has the bell, too, has made the file
// blocking and filled the counter. To ask before each write would cost a system call, and come too late all the same.
func (b *Bell) Ring() { _ = b.raw.Control(ring) }

// Wait returns nil once ready reports true. It calls ready before it sleeps and after every ring. Rings before the first call may
// be lost, so ready must make sure that a process that makes it true afterwards rings. One goroutine may wait at a time. Close ends
// Wait with os.ErrClosed.
func (b *Bell) Wait(ready func(fd uintptr) bool) error {
	if b.raw.Read(ready) != nil {
		return os.ErrClosed // without a deadline only Close ends the read, but package os returns a private error here
	}
	return nil
}

// File is for the other process; the bell still owns it.
func (b *Bell) File() *os.File { return b.file }

// Close ends a Wait.
func (b *Bell) Close() error { return b.file.Close() }
