package process_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// sleeper is a writer that takes longer than a process is given to end by itself.
type sleeper struct{ called chan struct{} }

func (s sleeper) Write(p []byte) (int, error) {
	close(s.called)
	time.Sleep(1500 * time.Millisecond)
	return len(p), nil
}

// A process that something else has killed was not killed by us, however long its output takes to be passed on.
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
