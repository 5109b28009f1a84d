package synchronize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// handle is the common part of the handles of all objects.
type handle struct {
	ref    *share.Ref // nil: never made
	closed atomic.Bool
	life   context.Context // ends with Close
	end    context.CancelFunc
}

// refer makes h a handle of ref's object.
func (h *handle) refer(ref *share.Ref) {
	h.ref = ref
	h.life, h.end = context.WithCancel(context.Background())
}

// object is the part of an object that its owner has.
type object interface {
	share.Object
	// close answers all waiters and all later requests that the object is closed.
	close()
}

// call sends a request to the object, and waits for the answer until ctx ends. An answer that comes later goes to late.
func (h *handle) call(ctx context.Context, what string, op link.Kind, body []byte, late func(link.Kind)) ([]byte, error) {
	if err := h.usable(what); err != nil {
		return nil, err
	}
	answer, err := h.request(ctx, op, body, late)
	if err == ErrOwnerDied {
		h.heard(ctx, nil)
	}
	if err != nil {
		return nil, failure(ctx, what, err)
	}
	return answer, nil
}

// request is call without the checks and errors for the user: it works after Close, too, and returns the errors of share
// and of errorOf.
func (h *handle) request(ctx context.Context, op link.Kind, body []byte, late func(link.Kind)) ([]byte, error) {
	m, err := h.ref.Await(ctx, op, body, func(m link.Msg) {
		m.CloseFiles()
		m.Release()
		if late != nil {
			late(m.Kind)
		}
	})
	m.CloseFiles()
	defer m.Release()
	if err == nil {
		err = errorOf(m.Kind)
	}
	if err != nil {
		return nil, err
	}
	return bytes.Clone(m.Body), nil
}

// heard confirms to a lock that this process has heard of a death, or of the close of a condition. ticket is that of the
// wait for the condition, or nil. heard waits, as far as ctx allows, until the lock knows, so that the lock is free when
// the caller hears of the death.
func (h *handle) heard(ctx context.Context, ticket []byte) {
	h.ref.Post(opHeard, ticket)
	_, _ = h.request(ctx, opState, nil, nil)
}

// wait is call that also ends with Close of this handle.
func (h *handle) wait(ctx context.Context, what string, op link.Kind, body []byte, late func(link.Kind)) ([]byte, error) {
	if err := h.usable(what); err != nil {
		return nil, err
	}
	ctx, end := h.living(ctx)
	defer end()
	return h.call(ctx, what, op, body, late)
}

// living returns a ctx that also ends with Close of this handle. The caller calls end.
func (h *handle) living(ctx context.Context) (living context.Context, end func()) {
	living, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(h.life, func() { cancel(errUnusable) })
	return living, func() {
		stop()
		cancel(nil)
	}
}

// tell sends the object a message that needs no answer, after all that this process has asked it before.
func (h *handle) tell(what string, op link.Kind) error {
	if err := h.usable(what); err != nil {
		return err
	}
	ctx := patient(patience)
	defer ctx.End()
	if err := h.ref.Send(ctx, op, nil, nil, nil); err != nil {
		return failure(ctx, what, err)
	}
	return nil
}

var errUnusable = fmt.Errorf("%w: it was closed in this process, or never made", spawn.Inner(spawn.ErrClosed))

func (h *handle) usable(what string) error {
	if h.ref == nil || h.closed.Load() {
		return fmt.Errorf("mp: %s: %w", what, errUnusable)
	}
	return nil
}

// failure makes the error for the user from an error of share or of an object, in a call with ctx.
func failure(ctx context.Context, what string, err error) error {
	switch {
	case err == share.ErrEnded:
		err = ended(ctx)
	case err == share.ErrUnderWay:
		err = fmt.Errorf("%w: %w", err, ended(ctx))
	case errors.Is(err, share.ErrGone):
		err = fmt.Errorf("%w: the process that made it has ended, or closed it", spawn.ErrClosed)
	}
	return fmt.Errorf("mp: %s: %w", what, spawn.Inner(err))
}

// ended is the error for the end of ctx, which may come from living.
func ended(ctx context.Context) error {
	if context.Cause(ctx) == errUnusable { // Close has ended it, not the caller
		return errUnusable
	}
	return spawn.CtxError(ctx)
}

// ask is call with a patient ctx.
func (h *handle) ask(what string, op link.Kind, body []byte) ([]byte, error) {
	ctx := patient(patience)
	defer ctx.End()
	return h.call(ctx, what, op, body, nil)
}

var errNo = errors.New("no")

// errorOf is the error that an answer stands for.
func errorOf(answer link.Kind) error {
	switch answer {
	case answerOK:
		return nil
	case answerNo:
		return errNo
	case answerDied:
		return ErrOwnerDied
	case answerNotHeld:
		return ErrNotHeld
	case answerBroken:
		return ErrBrokenBarrier
	case answerClosed:
		return spawn.ErrClosed
	}
	return fmt.Errorf("the process that made it answered with a message of kind %d", answer)
}

// state asks for the object's state, for String and the like.
func (h *handle) state(what string) (n uint64, text string, err error) {
	return h.stateFor(patient(patience), what)
}

func (h *handle) stateFor(ctx *share.Patient, what string) (n uint64, text string, err error) {
	defer ctx.End()
	body, err := h.call(ctx, what, opState, nil, nil)
	n, text = readState(body)
	return n, text, err
}

// acquire takes a lock or a place, and waits until there is one. If ctx has ended before, it only tries.
func (h *handle) acquire(ctx context.Context, what string) error {
	if ctx.Err() != nil {
		ok, err := h.try(patient(glance), what)
		return overdue(ctx, what, ok, err)
	}
	_, err := h.wait(ctx, what, opAcquire, caller(), h.giveBack)
	return err
}

func (h *handle) try(ctx *share.Patient, what string) (ok bool, err error) {
	defer ctx.End()
	_, err = h.call(ctx, what, opTry, caller(), h.giveBack)
	if errors.Is(err, errNo) {
		return false, nil
	}
	return err == nil, err
}

// overdue is the error of a call whose ctx had ended before it began. ok and err are what the call got within glance.
func overdue(ctx context.Context, what string, ok bool, err error) error {
	if !ok && err == nil || errors.Is(err, errSilent) {
		return fmt.Errorf("mp: %s: %w", what, spawn.Inner(ended(ctx)))
	}
	return err
}

// giveBack gives back what an answer brought for which the caller did not wait any more.
func (h *handle) giveBack(answer link.Kind) {
	switch answer {
	case answerOK:
		_ = h.ref.Send(context.Background(), opReturn, nil, nil, nil)
	case answerDied:
		_ = h.ref.Send(context.Background(), opDied, nil, nil, nil)
	}
}

// caller is how String names this process in other ones.
func caller() []byte { return fmt.Appendf(nil, "%s (pid %d)", spawn.Name(), os.Getpid()) }

// text is the result of String: the type, and what tell makes of the object's state.
func (h *handle) text(what string, tell func(n uint64, text string) string) string {
	n, text, err := h.state(what)
	switch {
	case errors.Is(err, spawn.ErrClosed):
		return fmt.Sprintf("<%s closed>", what)
	case err != nil:
		return fmt.Sprintf("<%s unknown>", what)
	}
	return fmt.Sprintf("<%s %s>", what, tell(n, text))
}

// close ends the handle, and the object if this process owns it.
func (h *handle) close() error {
	if h.ref == nil || h.closed.Swap(true) {
		return nil
	}
	if o, ours := h.ref.Object().(object); ours {
		o.close()
		h.ref.Drop()
	}
	h.end()
	return nil
}

func (h *handle) encode(enc *wire.Encoder, what string) error {
	if h.ref == nil || h.closed.Load() {
		return fmt.Errorf("sending a %s: %w", what, errUnusable)
	}
	return h.ref.Encode(enc)
}

func (h *handle) decode(dec *wire.Decoder, what string) error {
	ref, err := share.Decode(dec, what)
	if err == nil {
		h.refer(ref)
	}
	return err
}
