package sys

import "golang.org/x/sys/unix"

// AwaitHangup returns once the peer has closed its end or died, or this end was closed. It reads nothing.
func (c *Conn) AwaitHangup() {
	_ = c.raw.Read(func(fd uintptr) bool {
		for {
			fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
			if _, err := unix.Poll(fds, 0); err != unix.EINTR {
				return err != nil || fds[0].Revents != 0
			}
		}
	})
}
