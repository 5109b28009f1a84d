package connection

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/conn"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// When a message is cut short, its receiver gets io.ErrUnexpectedEOF, although the connection is not closed. This also holds on
// systems where the stream has to stay a net.Conn (netStream).
func TestNetStreamCutShort(t *testing.T) {
	leak.Check(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	theirs, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	a, b := conn.Over(netStream{ours}, "there", false), conn.Over(netStream{theirs}, "here", false)
	defer a.Close()
	defer b.Close()
	short, cut := context.WithCancel(t.Context())
	defer cut()
	sent := make(chan error, 1)
	go func() { sent <- a.SendBytes(short, make([]byte, 64<<20)) }()
	if ready, err := b.Poll(20 * time.Second); !ready || err != nil { // it is under way, and stops when the buffers are full
		t.Fatal(ready, err)
	}
	cut()
	if err := <-sent; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	limit, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := b.RecvBytes(limit); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}
