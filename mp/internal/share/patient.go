package share

import (
	"context"
	"time"
)

// Patient is the ctx for a call that was given none. It ends with Cause, Limit after the first use of Done. Few calls get
// that far: most are done at once. So most need no timer, which may wake a thread and so cost as much as the rest of the
// call. A Patient belongs to one goroutine, which calls End.
type Patient struct {
	Limit time.Duration
	Cause error

	ctx    context.Context // nil: the time does not run yet
	cancel context.CancelFunc
}

// Glance is the Limit of a call whose own ctx had ended before: it takes what can be had at once.
const Glance = 50 * time.Millisecond

func (p *Patient) begun() context.Context {
	if p.ctx == nil {
		p.ctx, p.cancel = context.WithTimeoutCause(context.Background(), p.Limit, p.Cause)
	}
	return p.ctx
}

// End stops the time.
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

// Value is documented with context.Context. Package context calls it to find the cause.
func (p *Patient) Value(key any) any { return p.begun().Value(key) }
