package connection_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// PY-CONN-18: what a stranger sends that is no whole frame is an error, and after one that makes no sense nothing can be received.
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
