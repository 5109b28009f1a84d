package connection

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// A client that was disconnected to make room just when it had passed its handshake is not accepted: its connection is closed,
// and the log says so.
func TestProvedTooLate(t *testing.T) {
	leak.Check(t)
	l, err := Listen("tcp", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, b, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	l.mu.Lock()
	l.count++ // the client counts, but makeRoom has taken it from young
	l.mu.Unlock()
	told := ""
	spawn.SetLog(record.Warn, func(r *record.Record) { told = r.Message })
	l.greet(a)
	spawn.SetLog(record.Off, nil)
	if !strings.Contains(told, "too many are there that Accept has not returned") {
		t.Errorf("the log has %q", told)
	}
	if c, _ := l.next(); c != nil {
		c.Close()
		t.Error("it was accepted")
	}
	if n := Unaccepted(l); n != 0 {
		t.Errorf("%d are there", n)
	}
	if _, err := b.RecvBytes(t.Context()); err == nil {
		t.Error("its connection is there")
	}
}

// A client that has passed its handshake when the listener is closed is not logged as one too many.
func TestProvedAtClose(t *testing.T) {
	leak.Check(t)
	l, err := Listen("tcp", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	l.mu.Lock()
	l.count++
	l.young = append(l.young, youngClient{a, time.Now()})
	l.mu.Unlock()
	cancel := l.cancel
	l.cancel = func() {
		if l.mu.TryLock() { // Close does not hold it here, so a handshake may end now
			l.mu.Unlock()
			l.greet(a)
		}
		cancel()
	}
	told := ""
	spawn.SetLog(record.Warn, func(r *record.Record) { told = r.Message })
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	l.greet(a)
	spawn.SetLog(record.Off, nil)
	if told != "" {
		t.Errorf("the log has %q", told)
	}
}

// When a client is disconnected during its handshake to make room, the log says so, and not that it was refused.
func TestTooManyStall(t *testing.T) {
	leak.Check(t)
	l, err := Listen("tcp", "", &Options{Key: []byte("key")})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	told := make(chan string, mostClients+1)
	spawn.SetLog(record.Warn, func(r *record.Record) { told <- r.Message })
	defer spawn.SetLog(record.Off, nil)
	for range mostClients + 1 {
		c, err := net.Dial("tcp", l.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if text := <-told; !strings.Contains(text, "too many are there that Accept has not returned") {
		t.Errorf("the log has %q", text)
	}
}
