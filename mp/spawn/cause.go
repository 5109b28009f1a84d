package spawn

import (
	"context"
	"errors"
	"fmt"
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

// CauseOf is the word for a reason to stop or to kill.
func CauseOf(reason error) Cause {
	var link *linkError
	var memory *memoryError
	switch {
	case errors.As(reason, &memory):
		return CauseOOM
	case errors.As(reason, &link):
		return CauseLink
	case errors.Is(reason, context.DeadlineExceeded):
		return CauseDeadline
	}
	return CauseCancel
}

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
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w (%w)", err, cause)
}

// IsClosed reports whether the error of a call with ctx says ErrClosed of what was called, and not of ctx, whose cause may be that of
// something else that was closed.
func IsClosed(ctx context.Context, err error) bool {
	return errors.Is(err, ErrClosed) && (ctx.Err() == nil || !errors.Is(err, ctx.Err()))
}
