package process_test

import (
	"bytes"
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// sleeper is a writer that takes 1.5 seconds. That is longer than the second that a process has, after the end of its link, to end
// by itself.
type sleeper struct{ called chan struct{} }

func (s sleeper) Write(p []byte) (int, error) {
	close(s.called)
	time.Sleep(1500 * time.Millisecond)
	return len(p), nil
}

// The error of a process that something else killed does not blame this library, however long the process's output takes to be
// passed on.
func TestKilledWithSlowOutput(t *testing.T) {
	leak.Check(t)
	s := sleeper{make(chan struct{})}
	p, err := mp.Start(t.Context(), Deaf, 0, &mp.ProcessOptions{Stdout: s})
	if err != nil {
		t.Fatal(err)
	}
	<-s.called
	prog.Kill(p.Pid())
	_, err = p.Result(t.Context())
	var exit *mp.ExitError
	if !errors.As(err, &exit) || exit.Err != nil || exit.ExitCode != prog.KillCode {
		t.Errorf("%v", err)
	}
}

// Dump dies of a panic with a long dump.
var Dump = mp.Register("dump", func(context.Context, int) (int, error) {
	debug.SetTraceback("all")
	for range 5000 {
		go func() { select {} }()
	}
	go func() { panic("at length") }()
	select {}
})

// canceller is a writer that calls cancel when a dump has begun, and delays the rest of the dump. The dump may begin before Start
// has returned. cancel would make Start fail, so the writer waits for started first.
type canceller struct {
	started chan struct{}
	cancel  context.CancelFunc
}

func (c canceller) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("goroutine ")) {
		<-c.started
		c.cancel()
		time.Sleep(10 * time.Millisecond)
	}
	return len(p), nil
}

// A process that is killed while it writes the dump of a fatal error has died of that error, not of this library's kill.
func TestKilledInItsDump(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	during := canceller{make(chan struct{}), cancel}
	p, err := mp.Start(ctx, Dump, 0, &mp.ProcessOptions{KillDelay: -1, Stderr: during})
	close(during.started)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Result(t.Context())
	var exit *mp.ExitError
	if !errors.As(err, &exit) || exit.Cause != mp.CauseFatal || !strings.HasPrefix(exit.Stack, "panic: at length") {
		t.Errorf("%v", err)
	}
}
