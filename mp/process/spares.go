package process

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// kept are the spares of KeepSpares.
var kept struct {
	sync.Mutex
	spares *spawn.Spares
	end    context.CancelFunc
}

// KeepSpares keeps n processes ready for every Start of this process from now on whose Options have no Dir, Env, Stdout,
// Stderr or Limits. A spare has run the program's init functions already, so Start takes a fraction of a millisecond with
// one; otherwise a spare is nothing but a process without a name: Children does not list it, and it ends with this process,
// which does not wait for it. Without one, and whenever one is not fit for use, Start takes its time as before.
//
// KeepSpares does not wait until they are ready; each that was taken is replaced, one that died after a pause. Every call
// ends the spares of the call before and has others made; KeepSpares(0) only ends them. Each takes the memory of a
// process that does nothing, and some descriptors here.
//
// What a process is given at its start, a spare has got when it was made. So it is not used any more when the environment
// of this process, its directory, its user or groups, os.Stdout or os.Stderr have changed, nor while MP_DEBUG_WAIT is set.
// For anything else that is inherited, such as the umask or what descriptor 1 leads to, call KeepSpares again after a change.
// They are made in goroutines of their own, so a program that assigns os.Stdout or os.Stderr does it before KeepSpares, or has a
// data race.
//
// It is an error, and changes nothing, when n is negative, before Main (ErrBootstrapping), and while this process exits
// (ErrExiting). Pools have spares of their own: see PoolOptions.
func KeepSpares(n int) error {
	if n < 0 {
		return fmt.Errorf("mp: KeepSpares(%d): the number of spare processes must not be negative", n)
	}
	s, err := spawn.NewSpares(n, &spawn.Spec{}, spawn.Log)
	if err != nil {
		return err
	}
	kept.Lock()
	defer kept.Unlock()
	if kept.end != nil {
		kept.end()
	}
	var ctx context.Context
	ctx, kept.end = context.WithCancel(context.Background())
	kept.spares = s
	go s.Keep(ctx)
	return nil
}

// spares are those for a process with these options; nil: none.
func (o *Options) spares() *spawn.Spares {
	if o.Dir != "" || o.Env != nil || o.Stdout != nil || o.Stderr != nil || o.Limits != (spawn.Limits{}) {
		return nil
	}
	kept.Lock()
	defer kept.Unlock()
	return kept.spares
}
