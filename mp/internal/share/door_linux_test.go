package share_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// visit is a handle, and the Conn by which the test says when to use it.
type visit struct {
	Box *Box
	Go  *mp.Conn
}

// TakeLater reports whether take failed because the box is gone.
var TakeLater = mp.Register("share.take-later", func(ctx context.Context, v visit) (bool, error) {
	if _, err := v.Go.RecvBytes(ctx); err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, err := v.Box.take(ctx)
	if errors.Is(err, share.ErrGone) {
		return true, nil
	}
	return false, err
})

// A process that has the key can break the owner's door: it shuts the door down, or knocks without sending a connection. Then
// processes that knock later get ErrGone and do not wait, and handles that are sent later lead to a new door.
func TestBrokenDoor(t *testing.T) {
	for _, destroy := range []func(fd int) error{
		func(fd int) error { return syscall.Shutdown(fd, syscall.SHUT_RDWR) },
		func(fd int) error { return syscall.Sendmsg(fd, nil, nil, nil, 0) },
	} {
		leak.Check(t)
		b := newBox("x")
		ours, theirs, err := mp.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p := start(t, TakeLater, visit{b.handle(), theirs})
		raw, err := share.KeyOf(b.ref).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) { err = destroy(int(fd)) })
		if err := errors.Join(err, ours.SendBytes(t.Context(), nil)); err != nil {
			t.Fatal(err)
		}
		if gone, err := p.Result(t.Context()); !gone {
			t.Error(err)
		}
		if s, err := start(t, Take, b.handle()).Result(t.Context()); s != "x" || err != nil {
			t.Error(s, err)
		}
		ours.Close()
		b.ref.Drop()
	}
}
