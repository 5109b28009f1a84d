package queue

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/share"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// clogged is an end of a link that cannot send files, as poor is. Its Send closes waits, and fails when ends is closed.
type clogged struct {
	link.Link
	waits, ends chan struct{}
}

func (c clogged) Send(m link.Msg) error {
	if len(m.Files) > 0 {
		close(c.waits)
		<-c.ends
		return link.ErrNotSent
	}
	return c.Link.Send(m)
}

// If the ctx of a Put ends while its item is under way, and the item then cannot be sent, the item keeps no room and a closed
// queue does not wait for it.
func TestUnderWayAndNotSent(t *testing.T) {
	leak.Check(t)
	q, err := New[*os.File](1)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	ours, theirs := link.NewInProcess()
	defer theirs.Close()
	clog := clogged{theirs, make(chan struct{}), make(chan struct{})}
	there := &Queue[*os.File]{codec: q.codec}
	there.ref = q.ref.Over(ours, clog)
	there.life, there.end = context.WithCancel(context.Background())
	defer there.end()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-clog.waits
		cancel()
	}()
	if err := there.Put(ctx, null); !errors.Is(err, share.ErrUnderWay) {
		t.Fatal(err)
	}
	if err := q.TryPut(nil); !errors.Is(err, ErrFull) {
		t.Error("it has given up the room although it may arrive: ", err)
	}
	close(clog.ends)
	until(t, func() bool { return q.TryPut(nil) == nil })
	if err := there.TryPut(nil); !errors.Is(err, ErrFull) { // the client has not left: its end would also have given back the room
		t.Error(err)
	}
	q.Close()
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if f, err := q.Get(ctx); f != nil || err != nil {
		t.Error(f, err)
	}
	if _, err := q.Get(ctx); !errors.Is(err, spawn.ErrClosed) {
		t.Error(err)
	}
}
