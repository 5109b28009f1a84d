package sys

import (
	"os"

	"golang.org/x/sys/windows"
)

// Break closes the door's pipe without the door's knowledge.
func (d *Door) Break() { windows.CloseHandle(d.next) }

// Jam makes the system refuse any more pipes to the door.
func (d *Door) Jam() { d.name = "no name of a pipe" }

// Hand is what Write does with files.
func (c *Conn) Hand(files []*os.File) error {
	_, err := c.hand(files)
	return err
}

// Fetch is what TakeFiles does with the number of a file that the peer has sent.
func (c *Conn) Fetch(value uintptr) (uintptr, error) {
	h, err := c.fetch(uint64(value))
	return uintptr(h), err
}
