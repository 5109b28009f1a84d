package sys

import (
	"errors"
	"os"
)

// Door is not there yet.
type Door struct{}

// Key opens a door, from any process that has it.
type Key struct {
	File *os.File // travels beside the message
	Name string   // travels in the message, where there is no such file
}

// KeysAreFiles says what a key is here.
const KeysAreFiles = false

// Dup returns a key of its own.
func (k Key) Dup() (Key, error) { return k, nil }

// Close gives the key up.
func (k Key) Close() error { return nil }

// NewDoor is not supported.
func NewDoor() (*Door, error) { return nil, errors.ErrUnsupported }

// Key is for other processes.
func (d *Door) Key() Key { return Key{} }

// Accept is not supported.
func (d *Door) Accept() (*Conn, error) { return nil, errors.ErrUnsupported }

// Close closes the door.
func (d *Door) Close() error { return nil }

// ErrNobody is returned by Knock when the process behind the door has closed it, or ended.
var ErrNobody = errors.New("nobody is behind the door")

// Knock is not supported.
func Knock(k Key) (*Conn, error) { return nil, errors.ErrUnsupported }
