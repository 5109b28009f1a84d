package sys

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

var errNoWatch = fmt.Errorf("%w for sockets and files on Windows", errors.ErrUnsupported)

// Readable is not supported: the caller has to begin a read.
func Readable(uintptr) (bool, error) { return false, errNoWatch }

// Watch is not supported either.
func Watch(syscall.RawConn) (*os.File, error) { return nil, errNoWatch }
