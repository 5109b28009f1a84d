package spawn

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// Cause says why a process ended. A panic in a process whose program has called debug.SetCrashOutput itself is CauseExit, with code
// 2: the library does not get the dump then, which is still in the ExitError's Stderr.
type Cause string

const (
	CauseExit     Cause = "exit"     // it called os.Exit, or main returned
	CauseSignal   Cause = "signal"   // a signal ended it: from the kernel, our Kill or Terminate, or another process
	CauseFatal    Cause = "fatal"    // the Go runtime gave up: a fault, a stack overflow, an unrecovered panic
	CauseDeadline Cause = "deadline" // we killed it: it did not end after its deadline
	CauseCancel   Cause = "cancel"   // we killed it: it did not end after it was cancelled
	CauseLink     Cause = "link"     // we killed it: it closed its link to us, or wrote garbage to it
	CauseOOM      Cause = "oom"      // we killed it because it exceeded its memory limit, or the kernel's counts show an OOM kill
	CauseUnknown  Cause = "unknown"  // something else in this program took its exit status
)

// linkError is the reason to kill a child whose link has ended or failed.
type linkError struct{ err error }

func (e *linkError) Error() string { return e.err.Error() }
func (e *linkError) Unwrap() error { return e.err }

// CauseOf is the Cause for a reason to stop or to kill a process. An *ExitError or *RemoteError is about another process or
// item; a process that is stopped for that is cancelled. Of the program's ctx only Err counts, not its cause. The cause of a ctx
// of ours, made by Because, counts itself.
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

// Because makes a reason to stop or to kill the cause of a ctx that this library cancels. CauseOf looks into it.
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
	if reflect.ValueOf(err).Comparable() && cause == err { // the Err of a program's own ctx may not be comparable
		return err
	}
	return &ctxError{err, cause}
}

// ctxError is the error of a ctx that has a cause of its own.
type ctxError struct{ err, cause error }

func (e *ctxError) Error() string {
	if !reflect.ValueOf(e.err).Comparable() || errors.Is(e.cause, e.err) { // if not comparable, it is mostly the cause itself
		return e.cause.Error()
	}
	return fmt.Sprintf("%v (%v)", e.err, e.cause)
}

func (e *ctxError) Unwrap() []error { return []error{e.err, e.cause} }

// IsClosed reports whether err, of a call with ctx, says that the called object is closed. If err comes from ctx, an ErrClosed
// in it is the cause of ctx and about another object.
func IsClosed(ctx context.Context, err error) bool {
	return errors.Is(err, ErrClosed) && (ctx.Err() == nil || !errors.Is(err, ctx.Err()))
}
