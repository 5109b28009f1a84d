package share

import (
	"context"
	"time"
)

// Patient is the ctx of a call without one: it ends after Limit, with Cause. It begins to run when somebody waits for its end, which
// is seldom: most of what is told or asked is done at once, and a timer may wake a thread, which costs as much as all the rest. One
// goroutine has it, and calls End.
type Patient struct {
	Limit time.Duration
	Cause error

	ctx    context.Context // nil: nobody has waited yet
	cancel context.CancelFunc
}

// Glance is the Limit for a call whose own ctx is over already: it gets what can be had at once.
const Glance = 50 * time.Millisecond

func (p *Patient) begun() context.Context {
	if p.ctx == nil {
		p.ctx, p.cancel = context.WithTimeoutCause(context.Background(), p.Limit, p.Cause)
	}
	return p.ctx
}

// End ends the use of it.
func (p *Patient) End() {
	if p.cancel != nil {
		p.cancel()
	}
}

// Done is documented with context.Context.
func (p *Patient) Done() <-chan struct{} { return p.begun().Done() }

// Err is documented with context.Context.
func (p *Patient) Err() error {
	if p.ctx == nil {
		return nil
	}
	return p.ctx.Err()
}

// Deadline is documented with context.Context.
func (p *Patient) Deadline() (time.Time, bool) { return p.begun().Deadline() }

// Value is documented with context.Context. By it package context finds the cause.
func (p *Patient) Value(key any) any { return p.begun().Value(key) }
