//go:build unix && !linux

package sys

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

const sendFlags = 0

// recvmsg receives bytes and the descriptors that came along, which children do not inherit; lost says that there were more. Not
// every system can receive descriptors close-on-exec, so ForkLock is held meanwhile. The call must not block then, even if the
// socket does.
func recvmsg(fd uintptr, p, oob []byte) (n int, fds []int, lost bool, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	n, oobn, flags, _, err := unix.Recvmsg(int(fd), p, oob, unix.MSG_DONTWAIT)
	fds = descriptorsIn(oob[:oobn])
	for _, fd := range fds {
		unix.CloseOnExec(fd)
	}
	return n, fds, flags&unix.MSG_CTRUNC != 0, err
}

func socketpair() (a, b int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	return fds[0], fds[1], err
}

// doorpair returns a pair of sockets for datagrams.
func doorpair() (a, b int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err == nil {
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			err = errors.Join(err, unix.SetNonblock(fd, true))
		}
	}
	return fds[0], fds[1], err
}

func pipe() (r, w int, err error) {
	var fds [2]int
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err = unix.Pipe(fds[:]); err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	return fds[0], fds[1], err
}
