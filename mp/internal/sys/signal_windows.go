package sys

import (
	"errors"
	"syscall"
)

// names of the signals that package syscall knows here. Windows has none; a process that we end gets the exit code that
// stands for one.
var names = map[syscall.Signal]string{
	syscall.SIGABRT: "SIGABRT", syscall.SIGALRM: "SIGALRM", syscall.SIGBUS: "SIGBUS", syscall.SIGFPE: "SIGFPE",
	syscall.SIGHUP: "SIGHUP", syscall.SIGILL: "SIGILL", syscall.SIGINT: "SIGINT", syscall.SIGKILL: "SIGKILL",
	syscall.SIGPIPE: "SIGPIPE", syscall.SIGQUIT: "SIGQUIT", syscall.SIGSEGV: "SIGSEGV", syscall.SIGTERM: "SIGTERM",
}

// exceptions are those that the Go runtime reports by number, where it reports signals by name on other systems.
var exceptions = map[string]syscall.Signal{
	"0xc0000005": syscall.SIGSEGV, // access violation
	"0xc0000006": syscall.SIGBUS,  // a page that cannot be read in
	"0xc000001d": syscall.SIGILL,
	"0xc0000094": syscall.SIGFPE, // division by zero
}

// SignalName is the name of a signal, such as SIGKILL; empty when it has none.
func SignalName(s syscall.Signal) string { return names[s] }

// SignalNumber is the signal of that name, or the one that stands for the exception of that number; 0 when there is none.
func SignalNumber(name string) syscall.Signal {
	for s, n := range names {
		if n == name {
			return s
		}
	}
	return exceptions[name]
}

// Aborted reports whether an exit code is that of a Go program that ended itself with GOTRACEBACK=crash. It is the code of an
// exception then, whose two highest bits are always set.
func Aborted(code int) bool { return uint32(code)>>30 == 3 }

// Raise is not supported.
func Raise(syscall.Signal) error { return errors.ErrUnsupported }
