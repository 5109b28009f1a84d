package sys

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/windows"
)

// Door is where other processes get a link to this one: a process that has its Key calls Knock, and Accept returns this process's
// end of their Conn. The key is the random name of a pipe.
type Door struct {
	name string
	next windows.Handle // the pipe for the next process that knocks

	connecting windows.Overlapped // the system writes to it while Accept waits; a goroutine's stack may move meanwhile

	mu     sync.Mutex
	closed windows.Handle // an event, set by Close; 0: Accept has ended
}

// Key opens a door, from any process that has it.
type Key struct {
	File *os.File // travels beside the message; not on Windows
	Name string   // travels in the message
}

// KeysAreFiles says whether a key is a file here, or a name.
const KeysAreFiles = false

// Dup returns a key of its own.
func (k Key) Dup() (Key, error) { return k, nil }

// Close gives the key up.
func (k Key) Close() error { return nil }

// NewDoor makes a door.
func NewDoor() (*Door, error) {
	var id [16]byte
	rand.Read(id[:])
	d := &Door{name: fmt.Sprintf(`\\.\pipe\mp-door-%x`, id)}
	var err error
	if d.next, err = d.instance(windows.FILE_FLAG_FIRST_PIPE_INSTANCE); err != nil {
		return nil, err
	}
	if d.closed, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		windows.CloseHandle(d.next)
		return nil, os.NewSyscallError("CreateEvent", err)
	}
	return d, nil
}

func (d *Door) instance(flags uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(d.name)
	if err != nil {
		return 0, err
	}
	h, err := windows.CreateNamedPipe(name, windows.PIPE_ACCESS_DUPLEX|windows.FILE_FLAG_OVERLAPPED|flags,
		windows.PIPE_TYPE_BYTE|windows.PIPE_REJECT_REMOTE_CLIENTS, windows.PIPE_UNLIMITED_INSTANCES, pipeSize, pipeSize, 0, nil)
	return h, os.NewSyscallError("CreateNamedPipe", err)
}

// Key returns the key for other processes.
func (d *Door) Key() Key { return Key{Name: d.name} }

// Accept waits for a process that knocks and returns this process's end of the Conn. It fails after Close. It holds a thread.
func (d *Door) Accept() (*Conn, error) {
	for {
		h := d.next
		err := d.await(h)
		if err == nil {
			d.next, err = d.another()
		}
		if err != nil {
			d.mu.Lock()
			defer d.mu.Unlock()
			windows.CloseHandle(h)
			windows.CloseHandle(d.closed)
			d.closed = 0
			return nil, err
		}
		var pid uint32
		if err := windows.GetNamedPipeClientProcessId(h, &pid); err != nil {
			windows.CloseHandle(h)
			continue
		}
		conn, err := NewConn(uintptr(h))
		if err == nil {
			err = conn.Connect(int(pid))
		}
		if err != nil {
			conn.Close()
			continue
		}
		return conn, nil
	}
}

// await waits until a process has opened the other end of the pipe h. It returns io.EOF after Close.
func (d *Door) await(h windows.Handle) error {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return os.NewSyscallError("CreateEvent", err)
	}
	defer windows.CloseHandle(event)
	o := &d.connecting
	*o = windows.Overlapped{HEvent: event}
	switch err := windows.ConnectNamedPipe(h, o); err {
	case nil, windows.ERROR_PIPE_CONNECTED, windows.ERROR_NO_DATA: // the process is there, or has gone again
		return nil
	case windows.ERROR_IO_PENDING:
	default:
		return os.NewSyscallError("ConnectNamedPipe", err)
	}
	which, err := windows.WaitForMultipleObjects([]windows.Handle{event, d.closed}, false, windows.INFINITE)
	if err == nil && which == windows.WAIT_OBJECT_0 {
		return nil
	}
	var n uint32
	_ = windows.CancelIoEx(h, o)
	_ = windows.GetOverlappedResult(h, o, &n, true) // until then the system may write to o
	return io.EOF
}

// another makes the pipe for the next process that knocks, so that the name exists as long as the door. It tries until the system
// gives one. It returns io.EOF after Close.
func (d *Door) another() (windows.Handle, error) {
	for {
		if h, err := d.instance(0); err == nil {
			return h, nil
		}
		if which, _ := windows.WaitForSingleObject(d.closed, 1); which != uint32(windows.WAIT_TIMEOUT) {
			return 0, io.EOF
		}
	}
}

// Close closes the door: Accept ends, unless it has already.
func (d *Door) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed == 0 {
		return nil
	}
	return windows.SetEvent(d.closed)
}

// ErrNobody is returned by Knock when the process behind the door has closed it, or ended.
var ErrNobody = errors.New("nobody is behind the door")

// Knock returns this process's end of a Conn to the door's process. It waits while too many others knock. It returns ErrNobody when
// the door is closed or its process has ended.
func Knock(k Key) (*Conn, error) {
	name, err := windows.UTF16PtrFromString(k.Name)
	if err != nil {
		return nil, err
	}
	for {
		h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_OVERLAPPED, 0)
		switch err {
		case nil:
			return NewConn(uintptr(h))
		case windows.ERROR_PIPE_BUSY:
			time.Sleep(time.Millisecond)
		case windows.ERROR_FILE_NOT_FOUND:
			return nil, ErrNobody
		default:
			return nil, os.NewSyscallError("CreateFile", err)
		}
	}
}
