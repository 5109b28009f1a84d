//go:build unix

package share_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
)

// A frozen owner does not hold up calls: they return when their ctx ends, and tokens that late answers bring are given back.
func TestFrozenOwner(t *testing.T) {
	leak.Check(t)
	ctx := context.Background()
	pool := must2(mp.NewPool(ctx, &mp.PoolOptions{Workers: 1}))(t)
	defer pool.Close()
	b := must2(mp.Apply(ctx, pool, Own, nil))(t)
	pid := pool.Stats().Workers[0].Pid
	if err := prog.Freeze(pid); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGCONT)
	left := 2
	for range 3 { // not connected yet
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		if _, err := b.take(short); err == nil { // the owner was not stopped yet
			left--
		} else if !errors.Is(err, share.ErrEnded) {
			t.Error(err)
		}
		cancel()
	}
	syscall.Kill(pid, syscall.SIGCONT)
	if err := b.give(ctx, "two"); err != nil {
		t.Fatal(err)
	}
	if err := prog.Freeze(pid); err != nil {
		t.Fatal(err)
	}
	big := string(make([]byte, 60<<10))
	for range 20 { // more than a ring or a socket holds
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		if err := b.ref.Send(short, opTell, []byte(big), nil, nil); err != nil && err != share.ErrEnded && err != share.ErrUnderWay {
			t.Error(err)
		}
		cancel()
		short, cancel = context.WithTimeout(ctx, time.Millisecond)
		if _, err := b.take(short); err == nil {
			left--
		} else if !errors.Is(err, share.ErrEnded) {
			t.Error(err)
		}
		cancel()
	}
	syscall.Kill(pid, syscall.SIGCONT)
	for range left { // calls whose ctx ended have lost no token; the order may change
		if s, err := b.take(ctx); s != "of the child" && s != "two" || err != nil {
			t.Errorf("took %q, %v", s, err)
		}
	}
}

// A link ends when the client's last handle is collected, and the owner's Left is called.
func TestCollectedHandle(t *testing.T) {
	leak.Check(t)
	b := newBox("x")
	ours, theirs := link.NewInProcess()
	func() {
		h := &Box{b.ref.Over(ours, theirs)}
		if s, err := h.take(context.Background()); s != "x" || err != nil {
			t.Fatal(s, err)
		}
	}()
	for len(b.leaving) == 0 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	b.ref.Drop()
}

// A client that sends nonsense loses its own link; no other client does.
func TestHostileClient(t *testing.T) {
	leak.Check(t)
	b := newBox("x")
	defer b.ref.Drop()
	ours, theirs := link.NewInProcess()
	h := &Box{b.ref.Over(ours, theirs)}
	for _, m := range []link.Msg{
		{Kind: 200, ID: 1 << 40},
		{Kind: opTake, ID: 77<<32 | 5},            // no such object
		{Kind: 3, ID: share.NumberOf(h.ref) | 99}, // cancels nothing
		{Kind: 3, ID: 88<<32 | 99},
		{Kind: opTell, ID: share.NumberOf(h.ref)},
		{Kind: 5, ID: share.NumberOf(h.ref) | 1}, // only an owner sends it
	} {
		theirs.Send(m)
	}
	if _, err := h.take(context.Background()); !errors.Is(err, share.ErrGone) {
		t.Error(err)
	}
	<-b.leaving
	if s, err := b.handle().take(context.Background()); s != "x" || err != nil {
		t.Error(s, err)
	}
}

// The owner's door drops nonsense, and still lets proper knocks in.
func TestHostileKnocks(t *testing.T) {
	leak.Check(t)
	b := newBox("x", "y")
	defer b.ref.Drop()
	key := share.KeyOf(b.ref)
	raw, err := key.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		null := must2(os.Open(os.DevNull))(t)
		defer null.Close()
		syscall.Sendmsg(int(fd), []byte("mp-knock"), nil, nil, 0)
		syscall.Sendmsg(int(fd), []byte("mp-knock"), syscall.UnixRights(int(null.Fd())), nil, 0)
		syscall.Sendmsg(int(fd), []byte("mp-knock"), syscall.UnixRights(int(null.Fd()), int(null.Fd())), nil, 0)
		syscall.Sendmsg(int(fd), []byte(strings.Repeat("x", 1000)), syscall.UnixRights(int(null.Fd())), nil, 0)
	})
	if s, err := start(t, Take, b.handle()).Result(context.Background()); s != "x" || err != nil {
		t.Error(s, err)
	}
}

// To encode a handle outside of this library's messages is an error that says so.
func TestPlainMsgpack(t *testing.T) {
	leak.Check(t)
	b := newBox()
	defer b.ref.Drop()
	if _, err := msgpack.Marshal(b.handle()); err == nil || !strings.Contains(err.Error(), "only be sent to another process by this library") {
		t.Error(err)
	}
}
