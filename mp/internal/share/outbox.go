package share

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// outbox sends over a link without blocking the sender. What the link does not take at once, a goroutine sends later, in
// order.
type outbox struct {
	link link.Link
	room rooms // the same link; nil: it cannot tell whether it has room
	bare bool  // send a message without its files if they cannot be sent; the receiver notices when it looks for them

	mu      sync.Mutex
	waiting []*parcel
	busy    bool
	err     error
}

// rooms is a link that can tell whether a message has to wait. link.Rings is one.
type rooms interface {
	Fits(m link.Msg) bool
	Try(m link.Msg) (sent bool, err error)
	AwaitRoom(n int) error
}

// parcel is a message that waits.
type parcel struct {
	m      link.Msg
	failed func(error)   // called if it cannot be sent
	done   chan struct{} // closed when it was sent or withdrawn, or cannot be sent
	err    error
}

// mostWaiting is how many messages may wait for a peer that does not read. A peer with more of them sends requests and
// never reads the answers. Bytes are not counted: many callers at once may send large messages, and wait for them.
const mostWaiting = 1 << 20

var errDeaf = errors.New("it does not read what it has asked for")

func newOutbox(l link.Link) *outbox {
	o := &outbox{link: l}
	o.room, _ = l.(rooms)
	return o
}

// send sends m. It returns nil once the link has m, and otherwise the parcel that waits, with copies of body and files. If
// that cannot be sent, failed (unless nil) is called, under o.mu.
func (o *outbox) send(m link.Msg, failed func(error)) (*parcel, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return nil, o.err
	}
	if o.room != nil && !o.busy {
		if sent, err := o.room.Try(m); sent || err != nil {
			return nil, err
		}
	}
	if len(o.waiting) > mostWaiting {
		o.err = errDeaf
		return nil, o.err
	}
	files, err := link.Dup(m.Files)
	if err != nil && !o.bare {
		return nil, fmt.Errorf("%w: %w", link.ErrNotSent, err)
	}
	p := &parcel{m: link.Msg{Kind: m.Kind, ID: m.ID, Body: bytes.Clone(m.Body), Files: files}, failed: failed, done: make(chan struct{})}
	o.waiting = append(o.waiting, p)
	if !o.busy {
		o.busy = true
		go o.drain()
	}
	return p, nil
}

// withdraw takes a parcel back; false: it is being sent, or is done.
func (o *outbox) withdraw(p *parcel) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.Index(o.waiting, p)
	if i >= 0 {
		o.waiting = slices.Delete(o.waiting, i, i+1)
		o.finish(p, nil)
	}
	return i >= 0
}

// drain sends the parcels that wait. One that waits for room in a ring can still be withdrawn.
func (o *outbox) drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) > 0 {
		p := o.waiting[0]
		var err error
		if o.room != nil && o.room.Fits(p.m) {
			var sent bool
			if sent, err = o.room.Try(p.m); !sent && err == nil {
				o.mu.Unlock()
				err = o.room.AwaitRoom(len(p.m.Body))
				o.mu.Lock()
				if err == nil || len(o.waiting) == 0 || o.waiting[0] != p {
					continue
				}
			}
			o.waiting = o.waiting[1:]
		} else {
			o.waiting = o.waiting[1:]
			o.mu.Unlock()
			if err = o.link.Send(p.m); o.bare && errors.Is(err, link.ErrNotSent) {
				p.m.CloseFiles()
				err = o.link.Send(p.m)
			}
			if err == nil && len(p.m.Files) > 0 {
				err = o.link.Flush() // on Windows files need this process until the peer has got them
			}
			o.mu.Lock()
		}
		o.finish(p, err)
	}
	o.busy = false
}

// finish ends a parcel. o.mu is held.
func (o *outbox) finish(p *parcel, err error) {
	p.m.CloseFiles()
	p.err = err
	if err != nil && p.failed != nil {
		p.failed(err)
	}
	close(p.done)
}
