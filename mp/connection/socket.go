package connection

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/conn"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// socket is a socket or a file of the system. It is ready when a read would not wait.
type socket struct{ syscall.Conn }

// Ready waits with a descriptor of its own, so that it does not affect readers or their deadlines.
func (s socket) Ready(ctx context.Context, wait bool) (ready bool, err error) {
	ready, err = s.look(ctx, wait)
	switch {
	case err == nil:
		return ready, nil
	case errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrClosed):
		return true, nil
	}
	return false, fmt.Errorf("mp: Wait: %w", err)
}

func (s socket) look(ctx context.Context, wait bool) (ready bool, err error) {
	raw, err := s.SyscallConn()
	if err != nil {
		return false, err
	}
	var failed error
	look := func(fd uintptr) bool {
		ready, failed = sys.Readable(fd)
		return ready || failed != nil
	}
	if !wait {
		err = raw.Control(func(fd uintptr) { look(fd) })
		return ready, errors.Join(err, failed)
	}
	mine, err := sys.Watch(raw)
	if err != nil {
		return false, err
	}
	defer mine.Close()
	defer conn.During(ctx, mine.SetReadDeadline)()
	if raw, err = mine.SyscallConn(); err == nil {
		err = raw.Read(look)
	}
	return ready, errors.Join(err, failed)
}
