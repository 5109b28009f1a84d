package connection

import (
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// A client that had to make room just when it had passed its handshake is not accepted: its connection is closed, and
// the log says so.
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
	l.count++ // it is there, and not among the young any more
	l.mu.Unlock()
	told := ""
	spawn.SetLog(record.Warn, func(r *record.Record) { told = r.Message })
	l.greet(a)
	spawn.SetLog(record.Off, nil)
	if !strings.Contains(told, "too many") {
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
