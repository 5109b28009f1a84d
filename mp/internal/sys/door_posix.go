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

// Door is where processes get a link to this one: who has its Key knocks, and Accept returns the other end of a Conn. The
// key is a file, which processes pass on to each other.
type Door struct {
	file *os.File
	raw  syscall.RawConn
	key  Key
}

// Key opens a door, from any process that has it.
type Key struct {
	File *os.File // travels beside the message
	Name string   // travels in the message, where there is no such file
}

// KeysAreFiles says what a key is here.
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

// knock is what somebody says who knocks, with one end of a pair of sockets.
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

// Key is for other processes. It stays the door's.
func (d *Door) Key() Key { return d.key }

// Accept waits for somebody who knocks and returns our end of their Conn. It fails after Close, or when somebody has broken
// the door. What is no knock is thrown away.
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
		if n == 0 { // shut down by somebody who has the key, or as good as that
			return nil, io.EOF
		}
	}
}

// descriptorsIn are those that came with a message.
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

// Close closes the door and its key. Those that have knocked and were not let in read the end of their Conn.
func (d *Door) Close() error {
	d.key.Close()
	return d.file.Close()
}

// Knock returns our end of a Conn to the process behind the door. It waits while too many others knock, until that process
// lets one in, or ends, or the key is closed. ErrNobody says that there is nobody any more.
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
		case failed == unix.ENOBUFS: // what EAGAIN is called elsewhere, but there is nothing to wait for
			time.Sleep(time.Millisecond)
		case failed == unix.EPIPE, failed == unix.ECONNREFUSED, failed == unix.ECONNRESET, failed == unix.ENOTCONN, failed == unix.EDESTADDRREQ:
			return fmt.Errorf("%w (%w)", ErrNobody, failed)
		default:
			return os.NewSyscallError("sendmsg", failed)
		}
	}
}
