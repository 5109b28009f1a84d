package spawn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// CauseOf looks at a reason of the library's own, and at how a ctx has ended. It does not look at the cause that the program
// gave a ctx, nor at how another process has ended.
func TestCauseOf(t *testing.T) {
	withCause := func(cause error) error {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		return CtxError(ctx)
	}
	late, cancel := context.WithTimeoutCause(context.Background(), time.Nanosecond, errors.New("the user's"))
	defer cancel()
	<-late.Done()
	tooLarge := &memoryError{used: 66 << 20, limit: 64 << 20}
	died := &ExitError{Name: "Process-1", Cause: CauseOOM, Err: tooLarge}
	for _, c := range []struct {
		reason error
		want   Cause
	}{
		{tooLarge, CauseOOM},
		{&linkError{errors.New("nonsense")}, CauseLink},
		{context.DeadlineExceeded, CauseDeadline},
		{fmt.Errorf("%w: it ran longer than 1s", ErrTimeout), CauseDeadline},
		{CtxError(late), CauseDeadline},
		{fmt.Errorf("%w: the ctx of the pool is over: %w", ErrClosed, CtxError(late)), CauseDeadline},
		{withCause(Because(fmt.Errorf("%w: over: %w", ErrClosed, CtxError(late)))), CauseDeadline},
		{context.Canceled, CauseCancel},
		{ErrClosed, CauseCancel},
		{withCause(nil), CauseCancel},
		{withCause(died), CauseCancel},
		{withCause(ErrTimeout), CauseCancel},
		{withCause(context.DeadlineExceeded), CauseCancel},
		{withCause(&linkError{errors.New("nonsense")}), CauseCancel},
		{died, CauseCancel},
		{&RemoteError{causes: []error{context.DeadlineExceeded}}, CauseCancel},
		{&ExitError{Cause: CauseDeadline, Err: fmt.Errorf("%w: it ran longer than 1s", ErrTimeout)}, CauseCancel},
	} {
		if got := CauseOf(c.reason); got != c.want {
			t.Errorf("%v: %s instead of %s", c.reason, got, c.want)
		}
	}
	innocent := &ExitError{Name: "Process-2", Cause: CauseCancel, Err: withCause(died)}
	if text := innocent.Error(); !strings.HasPrefix(text, "mp: Process-2 (pid 0) was killed because it did not stop when it was cancelled (") {
		t.Error(text)
	}
}
