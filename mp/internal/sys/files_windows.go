package sys

import (
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// Pipe returns a pipe whose read end waits through the poller and whose write end, meant for a child, blocks: programs
// that know nothing of overlapped operations write there.
func Pipe() (r *os.File, w *ChildEnd, err error) {
	ours, theirs, err := pipePair(windows.PIPE_ACCESS_INBOUND, windows.GENERIC_WRITE, 0)
	if err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(ours), "|0"), &ChildEnd{handle: theirs}, nil
}

// ReadNow is f.Read for the read end of a Pipe that does not wait: os.ErrDeadlineExceeded when there is nothing. The read deadline
// does not count, and may be gone afterwards.
func ReadNow(f *os.File, p []byte) (int, error) {
	if err := ready(f); err != nil {
		return 0, err
	}
	return f.Read(p)
}

// ready makes f, of a pipe, ready for a read that will not wait, or returns os.ErrDeadlineExceeded when there is nothing to read. It
// takes away the read deadline: once that has passed, a read is not even tried.
func ready(f *os.File) error {
	waits := false
	raw, err := f.SyscallConn()
	if err == nil {
		err = raw.Control(func(h uintptr) { waits = empty(windows.Handle(h)) })
	}
	switch {
	case err != nil: // what Control says of a closed file is not os.ErrClosed
		return os.ErrClosed
	case waits:
		return os.ErrDeadlineExceeded
	}
	f.SetReadDeadline(time.Time{}) // if f is closed meanwhile, the read says so
	return nil
}

// Open reports whether the handle is open.
func Open(f *os.File) bool {
	open := false
	if raw, err := f.SyscallConn(); err == nil {
		raw.Control(func(h uintptr) {
			kind, err := windows.GetFileType(windows.Handle(h))
			open = err == nil && kind != windows.FILE_TYPE_UNKNOWN
		})
	}
	return open
}

// Dup returns a second file for what f has open, with a handle of its own.
func Dup(f *os.File) (*os.File, error) {
	h, err := duplicate(f, windows.CurrentProcess(), false)
	if err != nil {
		return nil, err
	}
	return unbound(h, f.Name()), nil
}

// duplicate copies the handle of f into a process. Unlike f.Fd, it leaves f with the poller.
func duplicate(f *os.File, process windows.Handle, inherit bool) (h windows.Handle, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	if raw.Control(func(old uintptr) {
		failed = windows.DuplicateHandle(windows.CurrentProcess(), windows.Handle(old), process, &h, 0, inherit, windows.DUPLICATE_SAME_ACCESS)
	}) != nil {
		return 0, &os.PathError{Op: "dup", Path: f.Name(), Err: os.ErrClosed}
	}
	return h, os.NewSyscallError("DuplicateHandle", failed)
}
