package link

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// After PeerEnded, Recv delivers all that the peer has sent, however late. If another process holds the peer's end open, the wait for
// more has a limit, for a Recv that waits already and for later ones.
func TestPeerEnded(t *testing.T) {
	const limit = 50 * time.Millisecond
	leak.Check(t)
	a, b := streams(t)
	defer a.Close()
	defer b.Close()
	for i := range 10 { // more than one read takes
		if err := b.Send(Msg{Body: pattern(i, 10<<10)}); err != nil {
			t.Fatal(err)
		}
	}
	a.(*Stream).PeerEnded(limit)
	time.Sleep(2 * limit) // late
	for i := range 10 {
		if m := recv(t, a); !bytes.Equal(m.Body, pattern(i, 10<<10)) {
			t.Errorf("message %d is damaged", i)
		}
	}
	if _, err := a.Recv(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nothing has come: %v", err)
	}

	c, d := streams(t)
	defer c.Close()
	defer d.Close()
	ended := make(chan error)
	go func() {
		_, err := c.Recv()
		ended <- err
	}()
	c.(*Stream).PeerEnded(limit)
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nothing has come: %v", err)
	}
}

// What the peer has sent is delivered even if this process does not run while the limit passes: the limit may be over before the read
// begins.
func TestPeerEndedAndOver(t *testing.T) {
	leak.Check(t)
	a, b := streams(t)
	defer a.Close()
	defer b.Close()
	if err := b.Send(Msg{Body: pattern(0, 10)}); err != nil {
		t.Fatal(err)
	}
	a.(*Stream).PeerEnded(time.Nanosecond)
	if m := recv(t, a); !bytes.Equal(m.Body, pattern(0, 10)) {
		t.Error("the message is damaged")
	}
	if _, err := a.Recv(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nothing has come: %v", err)
	}
}

// A process that holds the end of a dead peer cannot keep Recv busy for ever.
func TestPeerEndedAndStillSends(t *testing.T) {
	leak.Check(t)
	a, b := streams(t)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for body := make([]byte, 1<<20); b.Send(Msg{Body: body}) == nil; {
		}
	}()
	a.(*Stream).PeerEnded(time.Minute)
	for err := error(nil); err == nil; {
		_, err = a.Recv()
	}
	a.Close()
	b.Close()
	<-stopped
}
