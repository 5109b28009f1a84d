package connection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Waitable is one of these. It is ready when
//
//	*Conn, *mp.Conn                  Recv would not wait for the other end to begin
//	*Listener                        Accept would not wait
//	a queue, of any kind             Get would not wait for an item
//	*synchronize.Event               it is set
//	*mp.Process, *mp.Future          it has ended
//	a context, and anything else     the channel is closed
//	with Done() <-chan struct{}
//	a chan struct{}                  it is closed; nothing may be sent over it
//	a socket, a pipe of the system   a read would not wait: a net.Conn, a net.Listener, an *os.File. Not on Windows. Wait holds
//	                                 it open, too: close it after Wait has returned
//
// A Waitable that was closed, or whose owner or other end has died, is ready, too: its methods return the error at once.
type Waitable any

// member is a Waitable as Wait sees it.
type member interface {
	// Ready reports whether the member is ready. If wait is true, it waits for that until ctx ends. Otherwise ctx bounds how
	// long it waits for the answer of another process.
	Ready(ctx context.Context, wait bool) (bool, error)
}

const (
	// patience is how long Wait waits for the answers of other processes if its ctx had ended when it began.
	patience = time.Second
	// grace is how long it waits for them when something is ready already.
	grace = 10 * time.Millisecond
)

// Wait waits until at least one of ws is ready, and returns all that are ready, in their order. There may be any number of them,
// and the same one several times. Once one is ready, queues and events of other processes have 10 ms to answer; the next Wait
// reports those that took longer. Wait takes nothing out of its arguments. If there are other receivers on the same queue or
// Conn, one of them may be faster, and then a Get or Recv waits again; TryGet, Poll and a ctx avoid that.
//
// When ctx ends first, the error is ctx's. If ctx has already ended when Wait is called, Wait still returns what is ready. Queues
// and events of other processes then have a second to answer. If their process does not answer, because it is stopped, say, they
// are not ready. It is Python's connection.wait.
func Wait(ctx context.Context, ws ...Waitable) ([]Waitable, error) {
	g := group{members: make([]member, len(ws)), ready: make([]bool, len(ws))}
	for i, w := range ws {
		var err error
		if g.members[i], err = memberOf(w); err != nil {
			return nil, fmt.Errorf("mp: Wait: number %d is %w", i, err)
		}
	}
	over := ctx.Err() != nil
	if g.look(); !over && !g.settled() {
		g.wait(ctx)
		g.look()
	}
	switch {
	case g.some:
		g.ask(grace)
	case over && g.err == nil:
		g.ask(patience)
	}
	var ready []Waitable
	for i, w := range ws {
		if g.ready[i] {
			ready = append(ready, w)
		}
	}
	if g.err == nil && len(ready) == 0 {
		g.err = fmt.Errorf("mp: Wait: none of %d is ready: %w", len(ws), spawn.CtxError(ctx))
	}
	if g.err != nil {
		return nil, g.err
	}
	return ready, nil
}

// memberOf returns w as a member.
func memberOf(w Waitable) (member, error) {
	if v := reflect.ValueOf(w); v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, fmt.Errorf("a %T that is nil", w)
	}
	switch w := w.(type) {
	case member:
		return w, nil
	case interface{ Done() <-chan struct{} }:
		return end(w.Done()), nil
	case chan struct{}:
		return end(w), nil
	case <-chan struct{}:
		return end(w), nil
	case syscall.Conn:
		return socket{w}, nil
	case nil:
		return nil, errors.New("nil")
	case []Waitable:
		return nil, errors.New("a slice: write its name with ... behind it")
	}
	return nil, fmt.Errorf("a %T, for which nobody can wait", w)
}

// end is a channel that is ready once it is closed.
type end <-chan struct{}

func (e end) Ready(ctx context.Context, wait bool) (bool, error) {
	select {
	case <-e:
		return true, nil
	default:
	}
	if !wait {
		return false, nil
	}
	select {
	case <-e:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// group has the members of one Wait, and which of them are ready.
type group struct {
	members []member
	ready   []bool

	mu   sync.Mutex
	some bool // at least one is ready
	err  error
}

func (g *group) settled() bool { return g.some || g.err != nil }

// note notes the answer of member i, and reports whether that is ready or has an error.
func (g *group) note(i int, ready bool, err error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ready[i] = g.ready[i] || ready
	g.some = g.some || ready
	g.err = cmp.Or(g.err, err)
	return ready || err != nil
}

// here reports whether this process knows the member's state without asking another one.
func here(m member) bool {
	switch m.(type) {
	case *Conn, *Listener, end, socket:
		return true
	}
	return false
}

// look checks the members that are here.
func (g *group) look() {
	for i, m := range g.members {
		if here(m) && !g.ready[i] {
			ready, err := m.Ready(context.Background(), false)
			g.note(i, ready, err)
		}
	}
}

// wait waits for the first member to be ready, or the end of ctx.
func (g *group) wait(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	for i, m := range g.members {
		all.Go(func() {
			ready, err := m.Ready(ctx, true)
			if ctx.Err() != nil {
				err = nil
			}
			if g.note(i, ready, err) {
				cancel()
			}
		})
	}
	<-ctx.Done() // for the case that there are no members
	all.Wait()
}

// ask asks the members of other processes, all at the same time. It waits for their answers as long as limit, and no longer than
// grace once one of them is ready.
func (g *group) ask(limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var all sync.WaitGroup
	for i, m := range g.members {
		if here(m) || g.ready[i] {
			continue
		}
		all.Go(func() {
			ready, err := m.Ready(ctx, false)
			if ctx.Err() != nil {
				err = nil
			}
			if g.note(i, ready, err) {
				time.AfterFunc(grace, cancel)
			}
		})
	}
	all.Wait()
}
