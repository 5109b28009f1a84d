package connection

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
)

// A stranger without the key cannot make one Dial answer the challenge of another one.
func TestReflectedChallenge(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial := func() (*Conn, <-chan error) { // the stranger's end, and the error of Dial
		ended := make(chan error, 1)
		go func() {
			c, err := Dial(ctx, "tcp", l.Addr().String(), &Options{Key: []byte("secret")})
			if err == nil {
				c.Close()
			}
			ended <- err
		}()
		n, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c, err := adopt(n, "the victim")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c, ended
	}
	first, firstEnded := dial()
	empty := append([]byte("#CHALLENGE#{sha256}"), make([]byte, 40)...)
	if err := first.SendBytes(ctx, empty); err != nil {
		t.Fatal(err)
	}
	if _, err := first.RecvBytes(ctx); err != nil {
		t.Fatal(err)
	}
	if err := first.SendBytes(ctx, []byte("#WELCOME#")); err != nil {
		t.Fatal(err)
	}
	question, err := first.RecvBytes(ctx)
	if err != nil || !bytes.HasPrefix(question, []byte("#CHALLENGE#")) {
		t.Fatalf("%q, %v", question, err)
	}
	second, secondEnded := dial()
	if err := second.SendBytes(ctx, question); err != nil {
		t.Fatal(err)
	}
	if answer, err := second.RecvBytes(ctx); err == nil {
		first.SendBytes(ctx, answer)
		t.Errorf("it was answered; the first Dial: %v", <-firstEnded)
		return
	}
	if err := <-secondEnded; !errors.Is(err, ErrAuthentication) {
		t.Error(err)
	}
	first.Close()
	if err := <-firstEnded; err == nil {
		t.Error("no error")
	}
}
