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

// handle is what the handles of all objects have in common.
type handle struct {
	ref    *share.Ref // nil: nobody has made it
	closed atomic.Bool
	life   context.Context // ends with Close
	end    context.CancelFunc
}

// refer makes it a handle of that.
func (h *handle) refer(ref *share.Ref) {
	h.ref = ref
	h.life, h.end = context.WithCancel(context.Background())
}

// object is what its owner has of it.
type object interface {
	share.Object
	// close ends everybody's wait, and what is asked later.
	close()
}

// call asks the object, and waits for the answer until ctx ends. What comes later goes to late.
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

// request is call for who has to know more of an error than the user, or has to ask after Close, too.
func (h *handle) request(ctx context.Context, op link.Kind, body []byte, late func(link.Kind)) ([]byte, error) {
	m, err := h.ref.Await(ctx, op, body, func(m link.Msg) {
		m.Release()
		if late != nil {
			late(m.Kind)
		}
	})
	defer m.Release()
	if err == nil {
		err = errorOf(m.Kind)
	}
	if err != nil {
		return nil, err
	}
	return bytes.Clone(m.Body), nil
}

// heard tells a lock that this process has heard what there is to tell only once, of its wait with this ticket if that was for a
// condition. As far as ctx allows it waits until the lock knows, so that it is free when the caller hears of it.
func (h *handle) heard(ctx context.Context, ticket []byte) {
	h.ref.Post(opHeard, ticket)
	_, _ = h.request(ctx, opState, nil, nil)
}

// wait is a call that ends with Close of this handle, too.
func (h *handle) wait(ctx context.Context, what string, op link.Kind, body []byte, late func(link.Kind)) ([]byte, error) {
	if err := h.usable(what); err != nil {
		return nil, err
	}
	ctx, end := h.living(ctx)
	defer end()
	return h.call(ctx, what, op, body, late)
}

// living is ctx for what ends with Close of this handle, too. Whoever has it calls end.
func (h *handle) living(ctx context.Context) (living context.Context, end func()) {
	living, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(h.life, func() { cancel(errUnusable) })
	return living, func() {
		stop()
		cancel(nil)
	}
}

// tell tells the object something that needs no answer, after all that this process has asked it before.
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

// failure is what the user is told of an error of share's, or of an object's, that a call with ctx has got.
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

// ended is why ctx has ended, which may be one of living's.
func ended(ctx context.Context) error {
	if context.Cause(ctx) == errUnusable { // not the caller's ctx
		return errUnusable
	}
	return spawn.CtxError(ctx)
}

// ask is call without a ctx.
func (h *handle) ask(what string, op link.Kind, body []byte) ([]byte, error) {
	ctx := patient(patience)
	defer ctx.End()
	return h.call(ctx, what, op, body, nil)
}

var errNo = errors.New("no")

// errorOf is what an answer means.
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

// state is what String and the like tell.
func (h *handle) state(what string) (n uint64, text string, err error) {
	return h.stateFor(patient(patience), what)
}

func (h *handle) stateFor(ctx *share.Patient, what string) (n uint64, text string, err error) {
	defer ctx.End()
	body, err := h.call(ctx, what, opState, nil, nil)
	n, text = readState(body)
	return n, text, err
}

// acquire takes a lock or a place; try does so if there is one at once.
func (h *handle) acquire(ctx context.Context, what string) error {
	if ctx.Err() != nil {
		ok, err := h.try(patient(share.Glance), what)
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

// overdue is the error of a call whose ctx was over when it began: of what it came to at a glance.
func overdue(ctx context.Context, what string, ok bool, err error) error {
	if !ok && err == nil || errors.Is(err, errSilent) {
		return fmt.Errorf("mp: %s: %w", what, spawn.Inner(ended(ctx)))
	}
	return err
}

// giveBack returns what an answer has brought that nobody waited for any more.
func (h *handle) giveBack(answer link.Kind) {
	switch answer {
	case answerOK:
		_ = h.ref.Send(context.Background(), opRelease, nil, nil, nil)
	case answerDied:
		_ = h.ref.Send(context.Background(), opDied, nil, nil, nil)
	}
}

// caller is how this process is called in what String tells of others.
func caller() []byte { return fmt.Appendf(nil, "%s (pid %d)", spawn.Name(), os.Getpid()) }

// text is a handle for String: what it is, and what it looks like to tell.
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

// close ends the object, if it is ours, and the handle.
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
