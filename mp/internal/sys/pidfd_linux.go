package sys

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// PidFD is a descriptor of a process: it never names another one, and waiting on it holds no thread.
type PidFD struct{ file *os.File }

// NewPidFD takes over a pidfd that the kernel made together with the process; it returns nil for -1 (an old kernel), and
// when it cannot be waited on.
func NewPidFD(fd int) *PidFD {
	if fd < 0 {
		return nil
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil
	}
	p := &PidFD{file: os.NewFile(uintptr(fd), "pidfd")}
	if polled(p.file) != nil {
		p.Close()
		return nil
	}
	return p
}

// AwaitExit blocks until the process has ended. The process is not reaped.
func (p *PidFD) AwaitExit() error {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		for {
			n, err := unix.Poll(poll, 0)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			failed = os.NewSyscallError("poll", err)
			return n > 0 || err != nil
		}
	})
	return errors.Join(err, failed)
}

// Close closes the descriptor.
func (p *PidFD) Close() error { return p.file.Close() }
