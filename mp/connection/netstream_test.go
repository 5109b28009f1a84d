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

// Whoever waits for the rest of a message that was cut short hears that it will not come, though the connection is not closed: also
// where it has to stay one of package net.
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
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := a.SendBytes(short, make([]byte, 64<<20)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	limit, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := b.RecvBytes(limit); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}
