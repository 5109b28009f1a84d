package sys_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Close ends an Accept that waits, is about to wait or has not begun.
func TestPipeListenerClose(t *testing.T) {
	leak.Check(t)
	for i := range 300 {
		l, err := sys.ListenPipe(fmt.Sprintf(`\\.\pipe\mp-test-%d-%d`, os.Getpid(), i))
		if err != nil {
			t.Fatal(err)
		}
		accepted, begun := make(chan error), make(chan struct{})
		go func() {
			close(begun)
			_, err := l.Accept()
			accepted <- err
		}()
		if i%2 == 0 {
			<-begun
		}
		if err := l.Close(); err != nil {
			t.Fatal(i, err)
		}
		if err := <-accepted; !errors.Is(err, os.ErrClosed) {
			t.Fatal(i, err)
		}
		if err := l.Close(); !errors.Is(err, os.ErrClosed) {
			t.Fatal(i, err)
		}
	}
}

// Close ends an Accept whose stack has moved since Accept asked the system for a client, although the system writes to the address
// that it was given.
func TestCloseWhenTheStackHasMoved(t *testing.T) {
	leak.Check(t)
	for depth := range 256 {
		l, err := sys.ListenPipe(fmt.Sprintf(`\\.\pipe\mp-test-deep-%d-%d`, os.Getpid(), depth))
		if err != nil {
			t.Fatal(err)
		}
		d, err := sys.NewDoor()
		if err != nil {
			t.Fatal(err)
		}
		returned := make(chan string, 4)
		go func() { deeper(depth, l.Accept); returned <- "the listener's Accept" }()
		go func() { deeper(depth, d.Accept); returned <- "the door's Accept" }()
		for began := time.Now(); waiting() < 2; runtime.Gosched() {
			if time.Since(began) > 10*time.Second {
				t.Fatalf("%d calls deep, an Accept does not wait", depth)
			}
		}
		go func() { l.Close(); returned <- "the listener's Close" }()
		go func() { d.Close(); returned <- "the door's Close" }()
		var have []string
		for len(have) < cap(returned) {
			select {
			case who := <-returned:
				have = append(have, who)
			case <-time.After(10 * time.Second):
				t.Fatalf("%d calls deep, only these have returned: %q", depth, have)
			}
		}
	}
}

// waiting counts the goroutines that wait in WaitForMultipleObjects.
func waiting() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "windows.WaitForMultipleObjects(")
}

// deeper calls accept that many calls deeper.
//
//go:noinline
func deeper(calls int, accept func() (*sys.Conn, error)) {
	if calls == 0 {
		accept()
	} else {
		deeper(calls-1, accept)
	}
}

// Accept closes a door at which no process can knock any more. A later Close does not close handles that have the old numbers.
func TestBrokenDoor(t *testing.T) {
	leak.Check(t)
	d, err := sys.NewDoor()
	if err != nil {
		t.Fatal(err)
	}
	d.Break()
	if conn, err := d.Accept(); err == nil {
		conn.Close()
		t.Fatal("somebody has knocked")
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// Close also ends an Accept at which a process has knocked, and for which there is no pipe for the next process.
func TestCloseDoorThatHasNoPipe(t *testing.T) {
	leak.Check(t)
	d, err := sys.NewDoor()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := sys.Knock(d.Key())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	d.Jam()
	accepted := make(chan error)
	go func() {
		_, err := d.Accept()
		accepted <- err
	}()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := <-accepted; !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
