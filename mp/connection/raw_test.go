package connection_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/connection"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// PY-CONN-18: a frame that is incomplete or makes no sense is an error, and nothing can be received after it.
func TestBrokenFrames(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	l := listen(t, place{"tcp", ""}, nil)
	for _, test := range []struct {
		what, says string
		is         error
		has        string
	}{
		{"an end within a body", "\x00\x00\x00\x05abc", io.ErrUnexpectedEOF, ""},
		{"an end within a length", "\x00\x00", io.ErrUnexpectedEOF, ""},
		{"an end within a long length", "\xff\xff\xff\xff\x00\x00\x00\x01", io.ErrUnexpectedEOF, ""},
		{"a negative length", "\xff\xff\xff\xfe and more", nil, "is no message"},
		{"a length beyond all memory", "\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff and more", nil, "is no message"},
		{"a long negative length", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff and more", nil, "is no message"},
	} {
		s, err := net.Dial("tcp", l.Addr())
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write([]byte("\x00\x00\x00\x02ok" + test.says)); err != nil {
			t.Error(err)
		}
		s.Close()
		if p, err := c.RecvBytes(ctx); string(p) != "ok" || err != nil {
			t.Error(test.what, p, err)
		}
		_, err = c.RecvBytes(ctx)
		if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.has) || errors.Is(err, mp.ErrClosed) {
			t.Errorf("%s: %v", test.what, err)
		}
		if p, err := c.RecvBytes(ctx); err == nil {
			t.Errorf("%s: and then %q", test.what, p)
		}
		c.Close()
	}
}

// A client that dials with a key, at a listener without one, gets an error of one line, whatever the listener sends first.
func TestNoKeyAsked(t *testing.T) {
	leak.Check(t)
	ctx := within(t)
	l := listen(t, place{"tcp", ""}, nil)
	for what, say := range map[string]func(c *connection.Conn) error{
		"bytes":        func(c *connection.Conn) error { return c.SendBytes(ctx, []byte("hello")) },
		"a long text":  func(c *connection.Conn) error { return c.SendBytes(ctx, make([]byte, 300)) },
		"a value":      func(c *connection.Conn) error { return c.Send(ctx, point{Name: "x"}) },
		"many numbers": func(c *connection.Conn) error { return c.Send(ctx, make([]int, 100)) },
	} {
		dialled := make(chan error, 1)
		go func() {
			c, err := connection.Dial(ctx, l.Network(), l.Addr(), &connection.Options{Key: key})
			if err == nil {
				c.Close()
			}
			dialled <- err
		}()
		c, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := say(c); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		err = <-dialled
		if !errors.Is(err, connection.ErrAuthentication) || strings.Contains(err.Error(), "\n") ||
			!strings.HasSuffix(err.Error(), "does it ask for no key?") {
			t.Errorf("%s: %v", what, err)
		}
		c.Close()
	}
}
