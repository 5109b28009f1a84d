package spawn_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// That something is closed is the error of a call only if it is not that of its ctx.
func TestIsClosed(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	closed := fmt.Errorf("the queue: %w", spawn.ErrClosed)
	if !spawn.IsClosed(ctx, closed) || spawn.IsClosed(ctx, nil) || spawn.IsClosed(ctx, errors.New("other")) {
		t.Error("while the ctx goes on")
	}
	cancel(fmt.Errorf("another queue: %w", spawn.ErrClosed))
	if !spawn.IsClosed(ctx, closed) || spawn.IsClosed(ctx, spawn.CtxError(ctx)) {
		t.Error("when the ctx is over")
	}
}
