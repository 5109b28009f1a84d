package sys

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/windows"
)

// PipeListener accepts clients of a named pipe. One goroutine may accept.
type PipeListener struct {
	name *uint16
	end  windows.Handle // an event: Close was called
	next windows.Handle // the instance for the next client

	connecting windows.Overlapped // the system writes to it while Accept waits; a goroutine's stack may move meanwhile

	mu     sync.Mutex
	closed bool           // no Accept begins any more
	busy   sync.WaitGroup // a running Accept, which uses the handles
}

// ListenPipe makes a named pipe, for clients on this machine. The name must be new.
func ListenPipe(name string) (*PipeListener, error) {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	l := &PipeListener{name: wide}
	if l.next, err = l.instance(windows.FILE_FLAG_FIRST_PIPE_INSTANCE); err != nil {
		return nil, err
	}
	if l.end, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		windows.CloseHandle(l.next)
		return nil, os.NewSyscallError("CreateEvent", err)
	}
	return l, nil
}

func (l *PipeListener) instance(flags uint32) (windows.Handle, error) {
	h, err := windows.CreateNamedPipe(l.name, windows.PIPE_ACCESS_DUPLEX|windows.FILE_FLAG_OVERLAPPED|flags,
		windows.PIPE_TYPE_BYTE|windows.PIPE_REJECT_REMOTE_CLIENTS, windows.PIPE_UNLIMITED_INSTANCES, pipeSize, pipeSize, 0, nil)
	return h, os.NewSyscallError("CreateNamedPipe", err)
}

// Accept waits for a client.
func (l *PipeListener) Accept() (*Conn, error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil, os.ErrClosed
	}
	l.busy.Add(1)
	l.mu.Unlock()
	defer l.busy.Done()
	h := l.next
	if err := l.connect(h); err != nil {
		return nil, err
	}
	fresh, err := l.instance(0)
	if err != nil {
		windows.DisconnectNamedPipe(h) // h stays the instance for the next client
		return nil, err
	}
	l.next = fresh
	return NewConn(uintptr(h))
}

// connect waits until an instance has a client, or Close.
func (l *PipeListener) connect(h windows.Handle) error {
	o := &l.connecting
	*o = windows.Overlapped{}
	var err error
	if o.HEvent, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		return os.NewSyscallError("CreateEvent", err)
	}
	defer windows.CloseHandle(o.HEvent)
	err = windows.ConnectNamedPipe(h, o)
	if errors.Is(err, windows.ERROR_IO_PENDING) {
		if _, err = windows.WaitForMultipleObjects([]windows.Handle{l.end, o.HEvent}, false, windows.INFINITE); err != nil {
			err = os.NewSyscallError("WaitForMultipleObjects", err)
		}
		var n uint32
		if closed, _ := windows.WaitForSingleObject(l.end, 0); closed == windows.WAIT_OBJECT_0 {
			windows.CancelIoEx(h, o)
			windows.GetOverlappedResult(h, o, &n, true)
			return os.ErrClosed
		}
		if err == nil {
			err = windows.GetOverlappedResult(h, o, &n, true)
		}
	}
	if err == nil || errors.Is(err, windows.ERROR_PIPE_CONNECTED) || errors.Is(err, windows.ERROR_NO_DATA) { // the client may be gone
		return nil
	}
	windows.DisconnectNamedPipe(h)
	return os.NewSyscallError("ConnectNamedPipe", err)
}

// Close ends Accept. Connections that it has returned stay.
func (l *PipeListener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return os.ErrClosed
	}
	l.closed = true
	l.mu.Unlock()
	windows.SetEvent(l.end)
	l.busy.Wait()
	windows.CloseHandle(l.next)
	return os.NewSyscallError("CloseHandle", windows.CloseHandle(l.end))
}

// DialPipe connects to a named pipe. While all its instances are taken it tries again, until ctx ends.
func DialPipe(ctx context.Context, name string) (*Conn, error) {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	for {
		// The server of the pipe may identify this process, but not impersonate it.
		h, err := windows.CreateFile(wide, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING,
			windows.FILE_FLAG_OVERLAPPED|windows.SECURITY_SQOS_PRESENT|windows.SECURITY_IDENTIFICATION, 0)
		if err == nil {
			return NewConn(uintptr(h))
		}
		if !errors.Is(err, windows.ERROR_PIPE_BUSY) {
			return nil, os.NewSyscallError("CreateFile", err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
