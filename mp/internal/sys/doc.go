// Package sys holds the calls to the operating system that the packages above share, as functions of the same name in
// one file per system.
package sys

import (
	"errors"
	"fmt"
	"syscall"
)

// FilesPerByte bounds the files that travel with one byte: it is Linux's bound on descriptors in one message (SCM_MAX_FD).
const FilesPerByte = 253

// ErrNotSent is returned by Conn.Write when a message could not be sent at all, because of a file of it, or because its deadline was
// over before anything had left. The stream is as it was.
var ErrNotSent = errors.New("not sent")

// ErrFilesLost is returned by Conn.TakeFiles when the files of a message arrived and this process had no descriptor for them.
var ErrFilesLost = fmt.Errorf("its files were lost on arrival: %w in this process", syscall.EMFILE)

// ErrReplaced is returned by Executable when the program's file is not the one that this process was started from.
var ErrReplaced = errors.New("the program's file was replaced while it was running")
