//go:build unix

package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalName is the name of a signal, such as SIGKILL; empty when it has none.
func SignalName(s syscall.Signal) string { return unix.SignalName(s) }

// SignalNumber is the signal of that name; 0 when there is none.
func SignalNumber(name string) syscall.Signal { return unix.SignalNum(name) }

// Aborted reports whether an exit code is that of a Go program that ended itself with GOTRACEBACK=crash.
func Aborted(code int) bool { return code == -int(syscall.SIGABRT) }

// Raise sends a signal to this process.
func Raise(s syscall.Signal) error { return unix.Kill(unix.Getpid(), s) }
