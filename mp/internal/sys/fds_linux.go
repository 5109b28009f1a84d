package sys

import "golang.org/x/sys/unix"

// sendFlags and recvmsg do not block, even if the socket does: another process that has the same one can make it so.
const sendFlags = unix.MSG_NOSIGNAL | unix.MSG_DONTWAIT

// recvmsg receives bytes and the descriptors that came along, which children do not inherit; lost says that there were more.
func recvmsg(fd uintptr, p, oob []byte) (n int, fds []int, lost bool, err error) {
	n, oobn, flags, _, err := unix.Recvmsg(int(fd), p, oob, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	return n, descriptorsIn(oob[:oobn]), flags&unix.MSG_CTRUNC != 0, err
}

func socketpair() (a, b int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	return fds[0], fds[1], err
}

// doorpair returns a pair of sockets for whole messages. Each side notices when the other one is closed.
func doorpair() (a, b int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	return fds[0], fds[1], err
}

func pipe() (r, w int, err error) {
	var fds [2]int
	err = unix.Pipe2(fds[:], unix.O_CLOEXEC)
	return fds[0], fds[1], err
}
