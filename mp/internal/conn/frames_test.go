package conn

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// cut is a stream that a send closes while a receive waits, because the ctx of both has ended in the middle of a message.
type cut struct {
	tape
	cancel func()
}

func (c cut) Read([]byte) (int, error) {
	c.cancel()
	return 0, os.ErrClosed
}

func (cut) ReadNow([]byte) (int, error) { return 0, os.ErrClosed }

// A receive whose ctx ends returns the error of ctx, even if a send that ends with the same ctx has closed the stream before. The
// next one finds the stream closed, also with a ctx that is over.
func TestReceiveEndsWithTheCtxOfASend(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := Over(cut{cancel: cancel}, "a peer", false)
	defer c.Close()
	if _, err := c.RecvBytes(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, spawn.ErrClosed) {
		t.Error(err)
	}
	if _, err := c.RecvBytes(ctx); !errors.Is(err, spawn.ErrClosed) {
		t.Error(err)
	}
}

// late is a stream that has a message, and whose Read does not look, because the deadline of its ctx has passed before.
type late struct {
	tape
	cancel func()
}

func (l late) Read([]byte) (int, error) {
	l.cancel()
	return 0, os.ErrDeadlineExceeded
}

// A message that is there is received even if ctx ends just before the read.
func TestReceiveLooksOnceMore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := Over(late{tape{strings.NewReader("\x00\x00\x00\x04here")}, cancel}, "a peer", false)
	defer c.Close()
	if p, err := c.RecvBytes(ctx); string(p) != "here" || err != nil {
		t.Errorf("%q, %v", p, err)
	}
}
