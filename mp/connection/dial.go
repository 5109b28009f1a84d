package connection

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/conn"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Dial connects to a listener; network and address are as with Listen. Both ends prove the key. ctx bounds all of that,
// HandshakeTimeout the handshake alone. The other end may be Python's Listener, since 3.12, over Unix sockets and TCP. Both
// languages understand bytes only: send_bytes and recv_bytes. It is Python's Client.
func Dial(ctx context.Context, network, address string, opts *Options) (*Conn, error) {
	network, address, err := resolve(network, address, false)
	if err != nil {
		return nil, fmt.Errorf("mp: Dial: %w", err)
	}
	c, err := dial(ctx, network, address)
	if err != nil {
		if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) && errors.Is(err, os.ErrDeadlineExceeded) {
			select { // package net has a timer of its own for it, which may be first
			case <-ctx.Done():
			case <-time.After(time.Second): // ctx does not keep its word
			}
		}
		if ctx.Err() != nil {
			err = spawn.CtxError(ctx)
		}
		return nil, fmt.Errorf("mp: Dial: nobody can be reached at %s %s: %w", network, address, err)
	}
	if err := handshake(ctx, c, opts, false); err != nil {
		c.Close()
		return nil, fmt.Errorf("mp: Dial: the handshake with %s %s: %w", network, address, err)
	}
	return c, nil
}

func dial(ctx context.Context, network, address string) (*Conn, error) {
	where := "the listener at " + address
	if network == pipeNetwork {
		s, err := sys.DialPipe(ctx, address)
		if err != nil {
			return nil, err
		}
		return conn.Over(s, where, false), nil
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return adopt(c, where)
}
