package spawn

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// Cause says why a process ended.
type Cause string

const (
	CauseExit     Cause = "exit"     // it called os.Exit, or main returned
	CauseSignal   Cause = "signal"   // a signal: of the kernel, of our Kill or Terminate, of somebody else
	CauseFatal    Cause = "fatal"    // the Go runtime gave up: a fault, a stack overflow, a panic nobody recovered
	CauseDeadline Cause = "deadline" // we killed it: it did not end after its deadline
	CauseCancel   Cause = "cancel"   // we killed it: it did not end after it was cancelled
	CauseLink     Cause = "link"     // we killed it: it closed its link to us, or wrote garbage to it
	CauseOOM      Cause = "oom"      // it had more memory than its limit, and we killed it, or the kernel, of which there is evidence
	CauseUnknown  Cause = "unknown"  // something else in this program took its exit status
)

// linkError is why a child is killed that cannot be heard any more.
type linkError struct{ err error }

func (e *linkError) Error() string { return e.err.Error() }
func (e *linkError) Unwrap() error { return e.err }

// CauseOf is the word for a reason to stop or to kill. How another process has ended, or an item, is none: who is stopped for that is
// cancelled; and of a ctx only how it has ended counts, whatever its cause is.
func CauseOf(reason error) Cause {
	switch e := reason.(type) {
	case *memoryError:
		return CauseOOM
	case *linkError:
		return CauseLink
	case *ctxError:
		if ours, ok := e.cause.(*because); ok {
			return CauseOf(ours.error)
		}
		return CauseOf(e.err)
	case *ExitError, *RemoteError:
		return CauseCancel
	case interface{ Unwrap() error }:
		return CauseOf(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if c := CauseOf(err); c != CauseCancel {
				return c
			}
		}
	}
	if reason == context.DeadlineExceeded || reason == ErrTimeout {
		return CauseDeadline
	}
	return CauseCancel
}

// Because makes the cause of a ctx of our own of a reason to stop or to kill.
func Because(reason error) error { return &because{reason} }

type because struct{ error }

func (b *because) Unwrap() error { return b.error }

// Err is the error that a ctx ends with for this cause.
func (c Cause) Err() error {
	if c == CauseDeadline {
		return context.DeadlineExceeded
	}
	return context.Canceled
}

// CtxError is the error of a ctx that is over: its cause, in which errors.Is finds ctx.Err() too.
func CtxError(ctx context.Context) error {
	cause, err := context.Cause(ctx), ctx.Err()
	if reflect.ValueOf(err).Comparable() && cause == err { // a ctx of the program's may end with any error
		return err
	}
	return &ctxError{err, cause}
}

// ctxError is the error of a ctx that has a cause of its own.
type ctxError struct{ err, cause error }

func (e *ctxError) Error() string {
	if !reflect.ValueOf(e.err).Comparable() || errors.Is(e.cause, e.err) { // the former is the cause, mostly
		return e.cause.Error()
	}
	return fmt.Sprintf("%v (%v)", e.err, e.cause)
}

func (e *ctxError) Unwrap() []error { return []error{e.err, e.cause} }

// IsClosed reports whether the error of a call with ctx says ErrClosed of what was called, and not of ctx, whose cause may be that of
// something else that was closed.
func IsClosed(ctx context.Context, err error) bool {
	return errors.Is(err, ErrClosed) && (ctx.Err() == nil || !errors.Is(err, ctx.Err()))
}
