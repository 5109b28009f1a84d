package sys

import "golang.org/x/sys/windows"

// Break takes the door's pipe away.
func (d *Door) Break() { windows.CloseHandle(d.next) }

// Jam has the system refuse the door any more pipes.
func (d *Door) Jam() { d.name = "no name of a pipe" }
