package synchronize

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// patience is how long calls without a ctx wait for an answer.
var patience = 5 * time.Second // changed by tests

// glance is how long a call with a ctx that is over already waits for an answer.
const glance = 50 * time.Millisecond

// errSilent is the cause of the end of a patient ctx.
var errSilent = fmt.Errorf("the process that made it does not answer: %w", spawn.ErrTimeout)

// patient is the ctx of a call without one. It begins to run when somebody waits for its end, which is seldom: most of what is
// told or asked is done at once, and a timer may wake a thread, which costs as much as all the rest. One goroutine has it.
type patient struct {
	context.Context // nil: nobody has waited yet
	cancel          context.CancelFunc
	limit           time.Duration // 0: patience
}

func (p *patient) begun() context.Context {
	if p.Context == nil {
		p.Context, p.cancel = context.WithTimeoutCause(context.Background(), cmp.Or(p.limit, patience), errSilent)
	}
	return p.Context
}

func (p *patient) end() {
	if p.cancel != nil {
		p.cancel()
	}
}

// Done is documented with context.Context.
func (p *patient) Done() <-chan struct{} { return p.begun().Done() }

// Err is documented with context.Context.
func (p *patient) Err() error {
	if p.Context == nil {
		return nil
	}
	return p.Context.Err()
}

// Deadline is documented with context.Context.
func (p *patient) Deadline() (time.Time, bool) { return p.begun().Deadline() }

// Value is documented with context.Context. By it package context finds the cause.
func (p *patient) Value(key any) any { return p.begun().Value(key) }
