package connection

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/conn"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// script is a stream that delivers the bytes of a Reader, whatever is written to it.
type script struct{ io.Reader }

func (s script) ReadNow(p []byte) (int, error)                       { return s.Read(p) }
func (script) TakeFiles(int, func([]byte) error) ([]*os.File, error) { return nil, nil }
func (script) Files() int                                            { return 0 }
func (script) DropFiles()                                            {}
func (script) Write([][]byte, []*os.File) error                      { return nil }
func (script) SetReadDeadline(time.Time) error                       { return nil }
func (script) SetWriteDeadline(time.Time) error                      { return nil }
func (script) Close() error                                          { return nil }

// A client without the key is not accepted, and a listener without the key is not taken for one that has it.
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

// PY-LISTEN-10: a response is what CPython's _create_response makes of the challenge. Only that is accepted, and no response with
// another digest, or without a digest's name, as before 3.12. A challenge that asks for one of these gets no response.
func TestAnswer(t *testing.T) {
	key := []byte("supadupasecretkey")
	const text = "is-twenty-bytes-long"
	right := answer([]byte(digestMark+text), key)
	if got := fmt.Sprintf("%s%x", right[:8], right[8:]); got != "{sha256}0ed2bf5258efb96604b831848a9212d31f7468b3fc6fc61af1ebe84f08349e47" {
		t.Error(got)
	}
	legacy := func(message []byte) []byte {
		mac := hmac.New(md5.New, key)
		mac.Write(message)
		return mac.Sum(nil)
	}
	if got := fmt.Sprintf("%x", legacy([]byte(text))); got != "f08c5aa7ef61fc426b5b135fd8a223ae" {
		t.Error(got) // legacy does not compute what CPython does
	}
	for what, test := range map[string]struct {
		respond func(message []byte) []byte
		verdict string
	}{
		"right":             {func(m []byte) []byte { return answer(m, key) }, welcome},
		"another key's":     {func(m []byte) []byte { return answer(m, key[1:]) }, failure},
		"cut short":         {func(m []byte) []byte { return answer(m, key)[:39] }, failure},
		"with a digit more": {func(m []byte) []byte { return append(answer(m, key), 0) }, failure},
		"without its mark":  {func(m []byte) []byte { return answer(m, key)[8:] }, failure},
		"md5":               {func(m []byte) []byte { return append([]byte("{md5}"), legacy(m)...) }, failure},
		"legacy md5":        {func(m []byte) []byte { return legacy(m[8:]) }, failure},
	} {
		a, b, err := conn.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		asked := make(chan error, 1)
		go func() { asked <- challenge(t.Context(), a, key, true) }()
		message, err := b.RecvBytes(t.Context())
		if err != nil || !bytes.HasPrefix(message, []byte("#CHALLENGE#{sha256}")) || len(message) != 11+8+40 {
			t.Fatalf("%q, %v", message, err)
		}
		if err := b.SendBytes(t.Context(), test.respond(message[11:])); err != nil {
			t.Fatal(err)
		}
		verdict, err := b.RecvBytes(t.Context())
		if string(verdict) != test.verdict || err != nil {
			t.Errorf("%s: %q, %v", what, verdict, err)
		}
		if err := <-asked; (err == nil) != (test.verdict == welcome) || err != nil && !errors.Is(err, ErrAuthentication) {
			t.Errorf("%s: %v", what, err)
		}
		for _, old := range []string{"#CHALLENGE#{md5}" + text, "#CHALLENGE#" + text} {
			if err := b.SendBytes(t.Context(), []byte(old)); err != nil {
				t.Fatal(err)
			}
			if err := respond(t.Context(), a, key, true); !errors.Is(err, ErrAuthentication) {
				t.Error(err)
			}
			if said, err := b.Poll(0); said || err != nil {
				t.Error(said, err)
			}
		}
		a.Close()
		b.Close()
	}
}

// Both ends refuse a peer that does one of the first steps of the handshake wrongly.
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
		"a long message":    {false, "\x00\x10\x00\x00 of which more would be sent later", ErrAuthentication},
		"a long response":   {true, "\x00\x10\x00\x00 of which more would be sent later", ErrAuthentication},
		"no frame":          {true, "\xff\xff\xff\xfe", ErrAuthentication},
		"nothing":           {true, "", io.EOF},
		"half a message":    {true, "\x00\x00\x00\x09#WEL", io.ErrUnexpectedEOF},
		"a typed message":   {false, frame("\x9dmp\x01\xe2\x4b\x77\x0c\xb8\x1f\xd6\x93\x5a\x2e\xc4\xf1\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), ErrAuthentication},
	} {
		c := conn.Over(script{bytes.NewReader([]byte(test.says))}, "a peer", false)
		err := handshake(t.Context(), c, &Options{Key: []byte("key")}, test.accepted)
		if !errors.Is(err, test.err) || errors.Is(err, spawn.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
		c.Close()
	}
}
