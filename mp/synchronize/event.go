package synchronize

import (
	"context"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Event is a flag that processes wait for. It is sent by pointer. It must not be copied.
type Event struct{ handle }

// NewEvent makes an event that is not set.
func NewEvent() (*Event, error) {
	e := new(Event)
	e.refer(share.New("Event", new(event)))
	return e, nil
}

// Set sets the event: all waiters go on, and so do later ones until Clear. When Set returns nil, the event is set.
func (e *Event) Set() error {
	_, err := e.ask("Event.Set", opSet, nil)
	return err
}

// Clear unsets it.
func (e *Event) Clear() error {
	_, err := e.ask("Event.Clear", opClear, nil)
	return err
}

// IsSet reports whether it is set now.
func (e *Event) IsSet() (bool, error) {
	n, _, err := e.state("Event.IsSet")
	return n > 0, err
}

// Wait waits until the event is set. It returns nil also when the event was cleared right afterwards. Errors: ctx's, or
// mp.ErrClosed.
func (e *Event) Wait(ctx context.Context) error {
	const what = "Event.Wait"
	if ctx.Err() != nil {
		n, _, err := e.stateFor(patient(glance), what)
		return overdue(ctx, what, n > 0, err)
	}
	_, err := e.wait(ctx, what, opWait, nil, nil)
	return err
}

// Ready reports whether the event is set, or cannot be used any more. If wait is true it waits for that until ctx ends;
// otherwise ctx bounds how long it waits for the owner's answer. It is for connection.Wait.
func (e *Event) Ready(ctx context.Context, wait bool) (set bool, err error) {
	const what = "Event.Ready"
	if wait {
		_, err = e.wait(ctx, what, opWait, nil, nil)
		set = err == nil
	} else {
		var body []byte
		body, err = e.call(ctx, what, opState, nil, nil)
		n, _ := readState(body)
		set = n > 0
	}
	if spawn.IsClosed(ctx, err) {
		return true, nil
	}
	return set, err
}

// Close ends the event for all processes, if this one made it. In another process it ends only this handle and the waits
// through it.
func (e *Event) Close() error { return e.close() }

// String shows whether it is set.
func (e *Event) String() string {
	return e.text("Event", func(n uint64, _ string) string {
		if n > 0 {
			return "set"
		}
		return "unset"
	})
}

// IsHandle marks the type: it travels by pointer.
func (e *Event) IsHandle() {}

// EncodeMsgpack is for this library's messages; it fails in others, and after Close.
func (e *Event) EncodeMsgpack(enc *wire.Encoder) error { return e.encode(enc, "Event") }

// DecodeMsgpack is for this library's messages.
func (e *Event) DecodeMsgpack(dec *wire.Decoder) error { return e.decode(dec, "Event") }

// MarshalJSON fails: an event cannot be written down.
func (e *Event) MarshalJSON() ([]byte, error) { return nil, wire.NotJSON("Event") }

// event is the object of an Event.
type event struct {
	mu      sync.Mutex
	set     bool
	waiting []share.Request
	closed  bool
}

// Request is documented with share.Object.
func (e *event) Request(r share.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		r.Answer(answerClosed, nil, nil)
		return
	}
	switch r.Op {
	case opSet:
		e.set = true
		answerAll(e.waiting, answerOK)
		e.waiting = nil
	case opClear:
		e.set = false
	case opWait:
		if !e.set {
			r.Body = nil
			e.waiting = append(e.waiting, r)
			return
		}
	case opState:
		n := uint64(0)
		if e.set {
			n = 1
		}
		r.Answer(answerOK, state(n, ""), nil)
		return
	default:
		r.Client.Break()
		return
	}
	r.Answer(answerOK, nil, nil)
}

// Cancel is documented with share.Object.
func (e *event) Cancel(c *share.Client, id uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.waiting)
	e.waiting = slices.DeleteFunc(e.waiting, func(r share.Request) bool { return r.Client == c && r.ID == id })
	return len(e.waiting) < n
}

// Left is documented with share.Object.
func (e *event) Left(c *share.Client) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting = slices.DeleteFunc(e.waiting, func(r share.Request) bool { return r.Client == c })
}

// close is documented with object.
func (e *event) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	answerAll(e.waiting, answerClosed)
	e.waiting = nil
}
