// Package sys holds the calls to the operating system that the packages above share, as functions of the same name in
// one file per system.
package sys

import "errors"

// ErrNotSent is returned by Conn.Write when a message could not be sent at all, because of a file of it. The stream is
// as it was.
var ErrNotSent = errors.New("not sent")

// ErrReplaced is returned by Executable when the program's file is not the one that this process was started from.
var ErrReplaced = errors.New("the program's file was replaced while it was running")
