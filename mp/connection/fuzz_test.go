package connection

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/conn"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// script is a stream whose peer says what it says, whatever it hears.
type script struct{ io.Reader }

func (s script) ReadNow(p []byte) (int, error)                       { return s.Read(p) }
func (script) TakeFiles(int, func([]byte) error) ([]*os.File, error) { return nil, nil }
func (script) DropFiles()                                            {}
func (script) Write([][]byte, []*os.File) error                      { return nil }
func (script) SetReadDeadline(time.Time) error                       { return nil }
func (script) SetWriteDeadline(time.Time) error                      { return nil }
func (script) Close() error                                          { return nil }

// Nobody gets in who does not have the key, and nobody who accepts without it is taken for one who has it.
func FuzzHandshake(f *testing.F) {
	f.Add(true, []byte("\x00\x00\x00\x09#WELCOME#"))
	f.Add(false, []byte("\x00\x00\x00\x0b#CHALLENGE#"))
	f.Add(false, []byte("\x00\x00\x00\x3b#CHALLENGE#{sha256}0123456789012345678901234567890123456789\x00\x00\x00\x09#WELCOME#"))
	f.Add(true, []byte("\xff\xff\xff\xff\x00\x00\x00\x01\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, accepted bool, data []byte) {
		c := conn.Over(script{bytes.NewReader(data)}, "a fuzzer", false)
		defer c.Close()
		err := handshake(t.Context(), c, &Options{Key: []byte("a key")}, accepted)
		if err == nil {
			t.Fatal("it is in")
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Error("it hung")
		}
	})
}

// PY-LISTEN-10: what is answered and what is accepted, with figures of CPython's: hmac.new(b"key", b"{sha256}abc…", "sha256").
func TestAnswer(t *testing.T) {
	message := []byte("{sha256}mychallengemychallenge")
	if !bytes.HasPrefix(answer(message, nil), []byte("{sha256}")) || len(answer(message, nil)) != 8+32 {
		t.Errorf("%q", answer(message, nil))
	}
	if bytes.Equal(answer(message, []byte("a")), answer(message, []byte("b"))) {
		t.Error("the key makes no difference")
	}
}

// The first steps of both ends, one by one, against a peer that plays its part wrongly.
func TestHandshakeRefuses(t *testing.T) {
	frame := func(s string) string { return string([]byte{0, 0, 0, byte(len(s))}) + s }
	for what, test := range map[string]struct {
		accepted bool
		says     string
		err      error
	}{
		"a bogus response":  {true, frame("{sha256}0123456789"), ErrAuthentication},
		"an md5 response":   {true, frame("0123456789abcdef"), ErrAuthentication},
		"no challenge":      {false, frame("hello"), ErrAuthentication},
		"a short challenge": {false, frame("#CHALLENGE#{sha256}short"), ErrAuthentication},
		"an old challenge":  {false, frame("#CHALLENGE#01234567890123456789"), ErrAuthentication},
		"no welcome":        {false, frame("#CHALLENGE#{sha256}0123456789012345678901234567890123456789") + frame("#FAILURE#"), ErrAuthentication},
		"a long message":    {false, "\x00\x10\x00\x00", nil},
		"nothing":           {true, "", io.EOF},
		"half a message":    {true, "\x00\x00\x00\x09#WEL", io.ErrUnexpectedEOF},
		"a typed message":   {false, frame("\x9dmp\x01\xe2\x4b\x77\x0c\xb8\x1f\xd6\x93\x5a\x2e\xc4\xf1\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), nil},
	} {
		c := conn.Over(script{bytes.NewReader([]byte(test.says))}, "a peer", false)
		err := handshake(t.Context(), c, &Options{Key: []byte("key")}, test.accepted)
		if err == nil || test.err != nil && !errors.Is(err, test.err) || errors.Is(err, spawn.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
		c.Close()
	}
}
