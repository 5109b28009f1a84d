//go:build unix

package sys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Door is where other processes get a link to this one: a process that has its Key calls Knock, and Accept returns this process's
// end of their Conn. The key is a file, which processes pass on to each other.
type Door struct {
	file *os.File
	raw  syscall.RawConn
	key  Key
}

// Key opens a door, from any process that has it.
type Key struct {
	File *os.File // travels beside the message
	Name string   // travels in the message; only on Windows, where there is no such file
}

// KeysAreFiles says whether a key is a file here, or a name.
const KeysAreFiles = true

// Dup returns a key of its own.
func (k Key) Dup() (Key, error) {
	if k.File == nil {
		return Key{}, errors.New("there is none")
	}
	f, err := Dup(k.File)
	return Key{File: f}, err
}

// Close gives the key up.
func (k Key) Close() error {
	if k.File == nil {
		return nil
	}
	return k.File.Close()
}

// knock is the message of a process that knocks. One end of a pair of sockets comes with it.
const knock = "mp-knock"

// NewDoor makes a door.
func NewDoor() (*Door, error) {
	in, out, err := doorpair()
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	d := &Door{file: os.NewFile(uintptr(in), "mp-door"), key: Key{File: os.NewFile(uintptr(out), "mp-key")}}
	d.raw, err = d.file.SyscallConn()
	for _, f := range []*os.File{d.file, d.key.File} {
		if err == nil {
			err = polled(f)
		}
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Key returns the key for other processes. The door still owns it.
func (d *Door) Key() Key { return d.key }

// Accept waits for a process that knocks and returns this process's end of the Conn. It fails after Close, or when a process that
// has the key has shut the door's socket down. Messages that are no knock are dropped.
func (d *Door) Accept() (*Conn, error) {
	text := make([]byte, 2*len(knock))
	oob := make([]byte, unix.CmsgSpace(4*FilesPerByte))
	for {
		var n int
		var fds []int
		var failed error
		err := d.raw.Read(func(fd uintptr) bool {
			for failed = unix.EINTR; failed == unix.EINTR; {
				n, fds, _, failed = recvmsg(fd, text, oob)
			}
			return failed != unix.EAGAIN
		})
		switch {
		case err != nil:
			return nil, err
		case failed != nil:
			return nil, os.NewSyscallError("recvmsg", failed)
		}
		if string(text[:n]) == knock && len(fds) == 1 {
			if conn, err := NewConn(uintptr(fds[0])); err == nil {
				return conn, nil
			}
			continue
		}
		for _, fd := range fds {
			unix.Close(fd)
		}
		if n == 0 { // a process that has the key has shut the socket down, or sent an empty message
			return nil, io.EOF
		}
	}
}

// descriptorsIn returns the descriptors in the control data of a message.
func descriptorsIn(oob []byte) (all []int) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for i := range messages {
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil {
			all = append(all, fds...)
		}
	}
	return all
}

// Close closes the door and its key. Processes that have knocked and were not accepted read the end of their Conn.
func (d *Door) Close() error {
	d.key.Close()
	return d.file.Close()
}

// Knock returns this process's end of a Conn to the door's process. While too many others knock, it waits until that process accepts
// one or ends, or the key is closed. It returns ErrNobody when the door is closed or its process has ended.
func Knock(k Key) (*Conn, error) {
	ours, theirs, err := ConnPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	fd, err := dup(theirs.File)
	if err == nil {
		defer unix.Close(fd)
		err = k.send([]byte(knock), unix.UnixRights(fd))
	}
	if err != nil {
		ours.Close()
		return nil, err
	}
	return ours, nil
}

// ErrNobody is returned by Knock when the process behind the door has closed it, or ended.
var ErrNobody = errors.New("nobody is behind the door")

func (k Key) send(text, oob []byte) error {
	raw, err := k.File.SyscallConn()
	if err != nil {
		return err
	}
	for {
		var failed error
		err := raw.Write(func(fd uintptr) bool {
			for failed = unix.EINTR; failed == unix.EINTR; {
				failed = unix.Sendmsg(int(fd), text, oob, nil, sendFlags)
			}
			return failed != unix.EAGAIN
		})
		switch {
		case err != nil:
			return err
		case failed == nil:
			return nil
		case failed == unix.ENOBUFS: // like EAGAIN on other systems than Linux, but the poller cannot wait for its end
			time.Sleep(time.Millisecond)
		case failed == unix.EPIPE, failed == unix.ECONNREFUSED, failed == unix.ECONNRESET, failed == unix.ENOTCONN, failed == unix.EDESTADDRREQ:
			return fmt.Errorf("%w (%w)", ErrNobody, failed)
		default:
			return os.NewSyscallError("sendmsg", failed)
		}
	}
}
