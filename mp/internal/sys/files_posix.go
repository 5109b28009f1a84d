//go:build unix

package sys

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Pipe returns a pipe whose read end waits through the poller and whose write end, meant for a child, blocks: the
// runtime's crash dump and programs that know nothing of non-blocking files write there.
func Pipe() (r *os.File, w *ChildEnd, err error) {
	read, write, err := pipe()
	if err != nil {
		return nil, nil, os.NewSyscallError("pipe", err)
	}
	if err := unix.SetNonblock(read, true); err != nil {
		unix.Close(read)
		unix.Close(write)
		return nil, nil, os.NewSyscallError("setnonblock", err)
	}
	r, w = os.NewFile(uintptr(read), "|0"), &ChildEnd{os.NewFile(uintptr(write), "|1")}
	if err := polled(r); err != nil {
		r.Close()
		w.Close()
		return nil, nil, err
	}
	return r, w, nil
}

// polled checks that the runtime's poller has taken a file. The kernel may have refused it; then a read of the file would fail
// rather than wait.
func polled(f *os.File) error {
	if f.SetReadDeadline(time.Time{}) != nil {
		return errors.New("the kernel watches no more files: it has no memory, or fs.epoll.max_user_watches is reached")
	}
	return nil
}

// ReadNow is f.Read for the read end of a Pipe that does not wait: os.ErrDeadlineExceeded when there is nothing. The read deadline
// does not count, and may be gone afterwards.
func ReadNow(f *os.File, p []byte) (int, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	n, failed := 0, error(unix.EINTR)
	err = raw.Control(func(fd uintptr) {
		for failed == unix.EINTR {
			n, failed = unix.Read(int(fd), p)
		}
	})
	switch {
	case err != nil:
		return 0, err
	case failed == unix.EAGAIN:
		return 0, os.ErrDeadlineExceeded
	case failed != nil:
		return 0, os.NewSyscallError("read", failed)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Open reports whether the descriptor is open.
func Open(f *os.File) bool {
	open := false
	if raw, err := f.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) {
			_, err := unix.FcntlInt(fd, unix.F_GETFD, 0)
			open = err == nil
		})
	}
	return open
}

// Dup returns a second file for what f has open, with a descriptor of its own.
func Dup(f *os.File) (*os.File, error) {
	fd, err := dup(f)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// dup copies the descriptor of f. Unlike f.Fd, it leaves the mode of f alone.
func dup(f *os.File) (fd int, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd, err = dupRaw(raw)
	if errors.Is(err, os.ErrClosed) {
		err = &os.PathError{Op: "dup", Path: f.Name(), Err: os.ErrClosed}
	}
	return fd, err
}

func dupRaw(raw syscall.RawConn) (fd int, err error) {
	if raw.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 3) }) != nil {
		return -1, os.ErrClosed
	}
	return fd, os.NewSyscallError("dup", err)
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
