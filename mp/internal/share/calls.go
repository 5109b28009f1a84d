package share

import (
	"cmp"
	"context"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
)

// calls are the unanswered calls of one client.
type calls struct {
	mu    sync.Mutex
	last  uint32
	open  map[uint32]*call
	ended bool
}

// call is one unanswered call.
type call struct {
	object    uint32        // its number; 0: it belongs to this process
	answer    chan link.Msg // has room for one
	abandoned bool          // the caller does not wait any more; guarded by calls.mu
	late      func(link.Msg)
	err       error // why it was not sent
}

var callPool = sync.Pool{New: func() any { return &call{answer: make(chan link.Msg, 1)} }}

// begin notes a call and numbers it; 0: the link has ended.
func (c *calls) begin(object uint32) (uint32, *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return 0, nil
	}
	if c.open == nil {
		c.open = make(map[uint32]*call)
	}
	for c.last++; c.last == 0 || c.open[c.last] != nil; c.last++ { // it wraps round
	}
	k := callPool.Get().(*call)
	k.object = object
	c.open[c.last] = k
	return c.last, k
}

// drop forgets a call that was never sent.
func (c *calls) drop(id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, id)
}

// resolve hands an answer to the caller, or to late if the caller has abandoned the call.
func (c *calls) resolve(m link.Msg) {
	c.mu.Lock()
	id := uint32(m.ID)
	k := c.open[id]
	delete(c.open, id)
	var late func(link.Msg)
	if k != nil && k.abandoned {
		late, k = k.late, nil
	} else if k != nil {
		k.answer <- m
	}
	c.mu.Unlock()
	switch {
	case k != nil:
	case late != nil && m.Kind != kindCancelled && m.Kind != kindGone:
		go late(m) // late may send, and a receiving goroutine must not
	default:
		m.CloseFiles()
		m.Release()
	}
}

// wait waits for the answer until ctx ends. Then abandoned is true, and late gets the answer if one comes after all.
func (c *calls) wait(ctx context.Context, id uint32, k *call, late func(link.Msg)) (m link.Msg, abandoned bool, err error) {
	select {
	case m = <-k.answer:
	default:
		select {
		case m = <-k.answer:
		case <-ctx.Done():
			c.mu.Lock()
			if c.open[id] == k {
				k.abandoned, k.late = true, late
				c.mu.Unlock()
				return link.Msg{}, true, ErrEnded
			}
			c.mu.Unlock()
			m = <-k.answer // it came just now
		}
	}
	err = k.err
	k.err = nil
	callPool.Put(k)
	if m.Kind == kindGone {
		return link.Msg{}, false, cmp.Or(err, ErrGone)
	}
	return m, false, nil
}

// fail ends a call that cannot be sent.
func (c *calls) fail(id uint32, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.open[id]; k != nil {
		delete(c.open, id)
		if !k.abandoned {
			k.err = err
			k.answer <- link.Msg{Kind: kindGone}
		}
	}
}

// gone answers the calls of an object that is gone.
func (c *calls) gone(object uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, k := range c.open {
		if k.object != object {
			continue
		}
		delete(c.open, id)
		if !k.abandoned {
			k.answer <- link.Msg{Kind: kindGone}
		}
	}
}

// end ends all calls, and those that begin later, with ErrGone.
func (c *calls) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for _, k := range c.open {
		if !k.abandoned {
			k.answer <- link.Msg{Kind: kindGone}
		}
	}
	c.open = nil
}
