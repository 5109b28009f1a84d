package connection_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A receive that does not fit the kind of the message drops it, and the next message comes whole, even if ctx ends in the middle
// of the dropped one.
func TestDropInterrupted(t *testing.T) {
	transports(t, func(t *testing.T) {
		leak.Check(t)
		a, b := pipe(t)
		unwanted, wanted := bytes.Repeat([]byte{0xff}, 4<<20), bytes.Repeat([]byte{7}, 1<<20)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for interrupted := false; !interrupted; {
			sent := make(chan error, 1)
			go func() { sent <- errors.Join(a.SendBytes(t.Context(), unwanted), a.SendBytes(t.Context(), wanted)) }()
			if ready, err := b.Poll(10 * time.Second); !ready || err != nil {
				t.Fatal(ready, err)
			}
			var v []float64
			err := b.Recv(over, &v)
			if err == nil {
				t.Fatal("bytes were received as numbers")
			}
			interrupted = errors.Is(err, context.Canceled)
			got, err := b.RecvBytes(t.Context())
			if err != nil || !bytes.Equal(got, wanted) {
				t.Fatalf("%d bytes, the first of them %v; %v", len(got), got[:min(8, len(got))], err)
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		}
	})
}

// A Poll that reads the rest of a dropped message when the connection is closed returns ErrClosed, and not ready.
func TestCloseWithinDrop(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	l := listen(t, place{"tcp", ""}, nil)
	s, err := net.Dial("tcp", l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := l.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := s.Write(append([]byte{0x10, 0, 0, 0}, make([]byte, 100)...)); err != nil {
		t.Fatal(err)
	}
	if ready, err := c.Poll(10 * time.Second); !ready || err != nil {
		t.Fatal(ready, err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := c.Recv(over, new(int)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	polled := make(chan error, 1)
	go func() {
		ready, err := c.Poll(time.Minute)
		if ready {
			err = errors.New("it is ready")
		}
		polled <- err
	}()
	if _, err := s.Write(make([]byte, 64<<20)); err != nil { // returns when the other end has read most of it
		t.Error(err)
	}
	c.Close()
	if err := <-polled; !errors.Is(err, mp.ErrClosed) {
		t.Error(err)
	}
}
