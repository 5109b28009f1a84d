package sys

import (
	"errors"
	"syscall"
)

// SignalName is the name of a signal; empty when it has none.
func SignalName(s syscall.Signal) string { return s.String() }

// SignalNumber is the signal of that name; 0 when there is none.
func SignalNumber(string) syscall.Signal { return 0 }

// Raise sends a signal to this process, which nothing does here.
func Raise(syscall.Signal) error { return errors.ErrUnsupported }
