package sys

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

var errNoWatch = fmt.Errorf("%w for sockets and files on Windows", errors.ErrUnsupported)

// Readable is not there: whoever wants to know begins to read.
func Readable(uintptr) (bool, error) { return false, errNoWatch }

// Watch is not there either.
func Watch(syscall.RawConn) (*os.File, error) { return nil, errNoWatch }
