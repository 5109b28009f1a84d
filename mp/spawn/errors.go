package spawn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
)

// Errors that several packages return. Every one of them can be tested for with errors.Is, also when it comes out of
// another process.
var (
	// ErrClosed: the pool, process or other object was closed. It is os.ErrClosed too.
	ErrClosed error = &sentinel{"closed", os.ErrClosed}
	// ErrTimeout: a time limit of the library ran out. It is context.DeadlineExceeded too, and Timeout() is true.
	ErrTimeout error = &sentinel{"timeout", context.DeadlineExceeded}
	// ErrMemory: a process had more memory than its limit, or the kernel killed it for want of memory.
	ErrMemory = errors.New("mp: memory limit")
	// ErrBinaryMismatch: the child is not the same program as its parent.
	ErrBinaryMismatch = errors.New("mp: the child would not be the same program as its parent")
	// ErrUnsupported: this platform cannot do that. It is errors.ErrUnsupported.
	ErrUnsupported = errors.ErrUnsupported
)

type sentinel struct {
	text   string
	parent error
}

func (s *sentinel) Error() string   { return "mp: " + s.text }
func (s *sentinel) Is(e error) bool { return e == s.parent }
func (s *sentinel) Timeout() bool   { return s.parent == context.DeadlineExceeded }

func init() {
	mustAdd("mp.ErrBootstrapping", ErrBootstrapping)
	mustAdd("mp.ErrClosed", ErrClosed)
	mustAdd(timeoutName, ErrTimeout)
	mustAdd("mp.ErrMemory", ErrMemory)
	mustAdd("mp.ErrBinaryMismatch", ErrBinaryMismatch)
	mustAdd("mp.ErrExiting", ErrExiting)
}

// timeoutName is the name of ErrTimeout in messages between processes.
const timeoutName = "mp.ErrTimeout"

func mustAdd(name string, err error) {
	if err := wire.AddSentinel(name, err); err != nil {
		panic(err)
	}
}

// RemoteError says that a function ran in another process and returned an error or panicked. errors.Is finds in it the
// known sentinels that the original error held: those of this library, io, fs, context and syscall, and the program's own
// that it named with RegisterError.
type RemoteError struct {
	Func    string // the registered name
	Process string // the name of the process it ran in
	Pid     int
	Index   int    // of the item in the call, −1 when there are no items
	Type    string // the Go type of the error or of the value of the panic, in the child
	Message string
	Panic   bool
	Stack   string // of the goroutine that panicked

	causes []error
}

// Error names the function, the item and the process.
func (e *RemoteError) Error() string {
	verb := "failed"
	if e.Panic {
		verb = "panicked"
	}
	return fmt.Sprintf("mp: %s%s %s in %s (pid %d): %s", e.Func, item(e.Index), verb, e.Process, e.Pid, e.Message)
}

// Unwrap returns the known sentinels.
func (e *RemoteError) Unwrap() []error { return e.causes }

// ExitError says that a process ended before it had done what it was started for.
type ExitError struct {
	Pid      int
	Name     string
	Func     string // what it was running, if anything
	Index    int    // of the item it was running, −1 when there are no items
	Arg      string // a short summary of that item; not in the text of the error, as it may be confidential
	ExitCode int    // −signum when a signal ended it
	Signal   syscall.Signal
	Cause    Cause
	PeakRSS  int64  // bytes; on Linux at least the peak of the parent at the time of the start
	Stderr   string // the end of its standard error, at most 64 KiB
	Stack    string // the dump of the Go runtime, when the cause is fatal

	// Err is why this library killed the process, such as context.DeadlineExceeded. It is an ErrMemory when the cause is
	// CauseOOM.
	Err error
	// Bootstrapping is set when the process ended before it could run anything. Returned is set when the function had returned
	// and the failure came afterwards: the race detector, for example, reports when a process exits.
	Bootstrapping, Returned bool
}

// Unwrap returns Err, so that errors.Is finds context.DeadlineExceeded, ErrMemory and the like.
func (e *ExitError) Unwrap() error { return e.Err }

// Error names the process, what it was doing, and how it ended.
func (e *ExitError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mp: %s (pid %d) %s", e.Name, e.Pid, e.how())
	switch {
	case e.Bootstrapping:
		b.WriteString(" before it was ready")
		if e.ExitCode == 0 {
			b.WriteString("; does its main call mp.Main on every path?")
		}
	case e.Returned:
		fmt.Fprintf(&b, " after %s%s had returned", e.Func, item(e.Index))
	case e.Func != "":
		fmt.Fprintf(&b, " while it ran %s%s", e.Func, item(e.Index))
	}
	if said := e.lastWords(); said != "" {
		fmt.Fprintf(&b, ": %s", said)
	}
	return b.String()
}

func (e *ExitError) how() string {
	switch e.Cause {
	case CauseOOM:
		if memory, ok := e.Err.(*memoryError); ok {
			return memory.how()
		}
		return "was killed for want of memory"
	case CauseDeadline:
		return fmt.Sprintf("was killed because it did not stop at its deadline (%s)", Inner(e.Err))
	case CauseCancel:
		return fmt.Sprintf("was killed because it did not stop when it was cancelled (%s)", Inner(e.Err))
	case CauseLink:
		return fmt.Sprintf("was killed because it had broken its link to us (%s)", Inner(e.Err))
	case CauseFatal:
		if e.Signal != 0 {
			return fmt.Sprintf("died of a fatal error (%s)", signalText(e.Signal))
		}
		return "died of a fatal error"
	case CauseUnknown:
		return "ended, and its exit status went to something else in this program (it ignores SIGCHLD, or waits for any child)"
	case CauseSignal:
		return "was killed by " + signalText(e.Signal)
	default:
		if e.ExitCode == raceExitCode {
			return "exited with code 66, as the race detector makes it do"
		}
		return fmt.Sprintf("exited with code %d", e.ExitCode)
	}
}

// raceExitCode is the exit status of a process in which the race detector found something.
const raceExitCode = 66

// lastWords is the line of the child's output that most likely says what happened.
func (e *ExitError) lastWords() string {
	if e.Cause == CauseFatal {
		for line := range strings.Lines(e.Stack) {
			if line = strings.TrimSpace(line); line != "" {
				return line
			}
		}
	}
	if e.Cause == CauseExit || e.Bootstrapping {
		lines := strings.Split(strings.TrimSpace(e.Stderr), "\n")
		return lines[len(lines)-1]
	}
	return ""
}

// unreadyError is the error of a child that was killed before it was ready, because its ctx had ended or its time was up. Its
// text says so; the text of the ExitError would say that the child did not stop.
type unreadyError struct {
	reason error
	exit   *ExitError
}

func (e *unreadyError) Error() string {
	text := fmt.Sprintf("mp: %s (pid %d) was killed before it was ready: %v", e.exit.Name, e.exit.Pid, e.reason)
	if said := e.exit.lastWords(); said != "" {
		text += ": " + said
	}
	return text
}

func (e *unreadyError) Unwrap() []error { return []error{e.reason, e.exit} }

func item(index int) string {
	if index < 0 {
		return ""
	}
	return fmt.Sprintf(" (item %d)", index)
}

func signalText(s syscall.Signal) string {
	return fmt.Sprintf("signal %d (%s: %s)", int(s), sys.SignalName(s), s)
}

// Inner is err as a part of another error of this module. Its text omits the prefix "mp: ", which the outer text has already.
func Inner(err error) error {
	if err == nil || !strings.HasPrefix(err.Error(), "mp: ") {
		return err
	}
	return &inner{err}
}

type inner struct{ error }

func (i *inner) Error() string { return strings.TrimPrefix(i.error.Error(), "mp: ") }
func (i *inner) Unwrap() error { return i.error }
