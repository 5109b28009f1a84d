package spawn_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// IsClosed tells the ErrClosed of a closed object from an ErrClosed that is the cause of the call's ctx.
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

// several is an error that cannot be compared.
type several []error

func (s several) Error() string { return fmt.Sprint([]error(s)) }

// broken is a ctx whose Err is a several.
type broken struct{ context.Context }

func (broken) Err() error { return several{context.Canceled} }

// CtxError takes a ctx that is not of package context: its Err may not be comparable, and it may have no cause apart from its Err.
func TestCtxErrorOfAnyKind(t *testing.T) {
	var errs several
	if err := spawn.CtxError(broken{context.Background()}); !errors.As(err, &errs) || err.Error() != "[context canceled]" {
		t.Error(err)
	}
	ending := spawn.NewEnding(time.Time{})
	ending.End(spawn.ErrMemory)
	if err := spawn.CtxError(ending); err != spawn.ErrMemory {
		t.Error(err)
	}
}
