//go:build unix

package sys

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Readable reports whether a read would return at once, with bytes or at the end of the file.
func Readable(fd uintptr) (bool, error) {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		if err != unix.EINTR {
			return n > 0, os.NewSyscallError("poll", err)
		}
	}
}

// Watch returns a file that waits for c to be readable, without disturbing its reader. It fails if c is in blocking mode.
func Watch(c syscall.RawConn) (*os.File, error) {
	fd, err := dupRaw(c)
	if err != nil {
		return nil, err
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err == nil && flags&unix.O_NONBLOCK == 0 {
		unix.Close(fd)
		return nil, fmt.Errorf("%w for a file that blocks who reads it, as standard input may", errors.ErrUnsupported)
	}
	f := os.NewFile(uintptr(fd), "watch")
	if err := polled(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
