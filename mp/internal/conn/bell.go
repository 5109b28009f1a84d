package conn

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// bell is a sys.Bell whose wait also ends when the waiter's ctx does. Registering with a ctx costs as much as a wake-up, so when
// the same ctx comes a second time, the registration is kept for later waits.
type bell struct {
	*sys.Bell
	ctx   context.Context // of the waiter
	ready func(fd uintptr) bool
	ask   func(fd uintptr) bool

	last <-chan struct{} // Done of the ctx of the last wait
	stop func() bool     // ends the registration with that ctx; nil: there is none
}

func newBell(b *sys.Bell) *bell {
	w := &bell{Bell: b}
	w.ask = func(fd uintptr) bool { return w.ctx.Err() != nil || w.ready(fd) }
	return w
}

// Wait is documented with ring.Bell.
func (b *bell) Wait(ready func(fd uintptr) bool) error {
	b.ready = ready
	if done := b.ctx.Done(); done != b.last {
		b.forget()
		if b.last = done; done != nil {
			defer context.AfterFunc(b.ctx, b.Ring)()
		}
	} else if done != nil && b.stop == nil {
		b.stop = context.AfterFunc(b.ctx, b.Ring)
	}
	return b.Bell.Wait(b.ask)
}

// forget drops the ctx of the last wait.
func (b *bell) forget() {
	if b.stop != nil {
		b.stop()
	}
	b.last, b.stop = nil, nil
}
