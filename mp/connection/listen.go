package connection

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/conn"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Listener accepts connections at an address. Listen makes one. It is Python's Listener.
type Listener struct {
	network, address string
	opts             *Options
	source           source
	ctx              context.Context // ends with Close
	cancel           context.CancelFunc
	work             sync.WaitGroup

	mu     sync.Mutex
	fewer  sync.Cond     // signals that count is lower, or Close
	count  int           // clients that Accept has not returned
	young  []youngClient // those of them that are in their handshake, the oldest first
	proved []*Conn       // those of them that have passed it
	more   chan struct{} // closed and replaced when proved grows
	ended  bool          // by Close
}

// mostClients bounds the clients that Accept has not returned. For one client more, the listener disconnects the oldest one that
// has been in its handshake for longer than handshakeGrace, so that stalling clients keep no other client out. If there is no such
// client, the new one waits, so that a burst of honest clients costs none of them its connection.
const mostClients = 256

var handshakeGrace = time.Second // changed by tests

type youngClient struct {
	*Conn
	since time.Time
}

// source accepts clients: a listening socket or Windows pipe.
type source interface {
	accept() (*Conn, error)
	Close() error
}

// Listen listens at an address of a network:
//
//	unix              a path of at most 107 bytes (macOS, FreeBSD: 103), which must not exist, and is removed by Close. On Linux
//	                  also @name, which is no file; an empty address is such a name that is not in use
//	tcp, tcp4, tcp6   host:port; an empty address is a free port of localhost
//	pipe              on Windows: \\.\pipe\name; an empty address is a name that is not in use
//
// An empty network is unix; on Windows pipe. Addr tells the address. The other ends may be Python's Client, since 3.12, over Unix
// sockets and TCP. The permissions of its directory protect a path. Only the Key protects the other addresses.
func Listen(network, address string, opts *Options) (*Listener, error) {
	network, address, err := resolve(network, address, true)
	if err != nil {
		return nil, fmt.Errorf("mp: Listen: %w", err)
	}
	l := &Listener{network: network, address: address, opts: opts, more: make(chan struct{})}
	l.fewer.L = &l.mu
	if network == pipeNetwork {
		p, err := sys.ListenPipe(address)
		if err != nil {
			return nil, fmt.Errorf("mp: Listen: %s: %w", address, err)
		}
		l.source = pipeSource{p, address}
	} else {
		n, err := net.Listen(network, address)
		if err != nil {
			return nil, fmt.Errorf("mp: Listen: %w", err)
		}
		l.source, l.address = netSource{n}, n.Addr().String()
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.work.Go(l.serve)
	return l, nil
}

type netSource struct{ net.Listener }

func (s netSource) accept() (*Conn, error) {
	c, err := s.Accept()
	if err != nil {
		return nil, err
	}
	where := "the client at " + c.RemoteAddr().String()
	if _, unix := c.(*net.UnixConn); unix {
		where = "the client of " + s.Addr().String()
	}
	return adopt(c, where)
}

type pipeSource struct {
	*sys.PipeListener
	address string
}

func (s pipeSource) accept() (*Conn, error) {
	c, err := s.Accept()
	if err != nil {
		return nil, err
	}
	return conn.Over(c, "the client of "+s.address, false), nil
}

// Network is unix, tcp, tcp4, tcp6 or pipe.
func (l *Listener) Network() string { return l.network }

// Addr is the address to dial.
func (l *Listener) Addr() string { return l.address }

// Accept waits for a client that has proved the key, and returns its connection. Clients that fail are disconnected and logged.
// A slow client does not delay the others. Accept returns mp.ErrClosed after Close, and ctx's error when ctx ends first.
func (l *Listener) Accept(ctx context.Context) (*Conn, error) {
	if l.ctx == nil {
		return nil, fmt.Errorf("mp: Accept: %w: it was not made by Listen", spawn.ErrClosed)
	}
	for {
		c, more := l.next()
		if c != nil {
			return c, nil
		}
		select {
		case <-more:
		case <-l.ctx.Done():
			return nil, fmt.Errorf("mp: Accept: %w: the listener at %s was closed", spawn.ErrClosed, l.address)
		case <-ctx.Done():
			return nil, fmt.Errorf("mp: Accept: %w", spawn.CtxError(ctx))
		}
	}
}

// next takes the first client that has proved the key. If there is none, it returns a channel that is closed when there may be one.
func (l *Listener) next() (c *Conn, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.proved) == 0 {
		return nil, l.more
	}
	c = l.proved[0]
	l.proved = slices.Delete(l.proved, 0, 1)
	l.count--
	l.fewer.Signal()
	return c, nil
}

// Ready reports whether Accept would return without waiting, which is also so after Close. If wait is true, Ready waits for that
// until ctx ends. It is for Wait.
func (l *Listener) Ready(ctx context.Context, wait bool) (bool, error) {
	for {
		l.mu.Lock()
		ready, more := len(l.proved) > 0 || l.ended || l.ctx == nil, l.more
		l.mu.Unlock()
		if ready || !wait {
			return ready, nil
		}
		select {
		case <-more:
		case <-l.ctx.Done():
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// Close ends the listener and every Accept. Clients that Accept has not returned are disconnected; connections that it has
// returned stay. The socket's file is removed. A second Close does nothing.
func (l *Listener) Close() error {
	l.mu.Lock()
	if l.ended || l.ctx == nil {
		l.mu.Unlock()
		return nil
	}
	l.ended = true
	l.cancel() // before a handshake fails because of Close, so that this is not logged as a refused client
	l.fewer.Broadcast()
	l.mu.Unlock()
	err := l.source.Close()
	l.work.Wait()
	for {
		c, _ := l.next()
		if c == nil {
			return err
		}
		c.Close()
	}
}

// serve lets clients in until Close.
func (l *Listener) serve() {
	const shortest, longest = 5 * time.Millisecond, time.Second
	pause := shortest
	for {
		c, err := l.source.accept()
		switch {
		case l.ctx.Err() != nil:
			if err == nil {
				c.Close()
			}
			return
		case err != nil: // too many open files, for one, which may pass
			spawn.Log.Warn("no client can be accepted", "address", l.address, "error", err)
			select {
			case <-l.ctx.Done():
			case <-time.After(pause):
			}
			pause = min(2*pause, longest)
			continue
		}
		pause = shortest
		switch {
		case !l.admit(c):
			c.Close()
			return
		case l.opts.key() == nil: // no handshake, so the client need not make room for others meanwhile
			l.greet(c)
		default:
			l.work.Go(func() { l.greet(c) })
		}
	}
}

// admit waits until one more client is allowed, and counts it. It reports false after Close.
func (l *Listener) admit(c *Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.count >= mostClients && !l.ended {
		l.makeRoom()
	}
	if l.ended {
		return false
	}
	l.count++
	l.young = append(l.young, youngClient{c, time.Now()})
	return true
}

// makeRoom disconnects the oldest client if its handshake has taken longer than handshakeGrace. Then it waits until count may be
// lower, or until the oldest one has had that time. The caller holds l.mu.
func (l *Listener) makeRoom() {
	if len(l.young) > 0 {
		if rest := handshakeGrace - time.Since(l.young[0].since); rest > 0 {
			defer time.AfterFunc(rest, func() {
				l.mu.Lock() // by then Wait listens
				defer l.mu.Unlock()
				l.fewer.Broadcast()
			}).Stop()
		} else {
			l.young[0].Close()
			l.young = l.young[1:]
		}
	}
	l.fewer.Wait()
}

// greet does the handshake and leaves the client to Accept.
func (l *Listener) greet(c *Conn) {
	err := handshake(l.ctx, c, l.opts, true)
	accepted, crowded := l.endHandshake(c, err == nil)
	if accepted {
		return
	}
	c.Close()
	switch {
	case l.ctx.Err() != nil:
	case crowded:
		spawn.Log.Warn("a client was disconnected: too many are there that Accept has not returned", "address", l.address)
	default:
		spawn.Log.Warn("a client was refused", "address", l.address, "error", err)
	}
}

// endHandshake notes the end of a handshake, and reports whether the client is accepted. A client that was disconnected to make
// room (crowded) is not, although it may have proved the key just before.
func (l *Listener) endHandshake(c *Conn, proved bool) (accepted, crowded bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.young, func(y youngClient) bool { return y.Conn == c })
	if crowded = i < 0; !crowded {
		l.young = slices.Delete(l.young, i, i+1)
	}
	if !proved || crowded || l.ended {
		l.count--
		l.fewer.Signal()
		return false, crowded
	}
	l.proved = append(l.proved, c)
	close(l.more)
	l.more = make(chan struct{})
	return true, false
}
