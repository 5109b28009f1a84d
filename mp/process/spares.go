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

// KeepSpares keeps n spare processes ready, from now on, for every Start in this process whose Options have no Dir, Env, Stdout,
// Stderr or Limits. A spare has run the program's init functions already, so a Start with a spare takes a fraction of a
// millisecond. Children does not list spares. They end with this process, which does not wait for them. When no spare is ready
// and fit for use, Start takes its time as without.
//
// KeepSpares does not wait until the spares are ready. A spare that was taken is replaced; a spare that died is replaced after a
// pause. Every call ends the spares of the call before and starts others; KeepSpares(0) only ends them. Each spare takes the
// memory of a process that does nothing, and some descriptors of this process.
//
// A spare inherits at its own start what another process inherits at Start. So a spare is not used any more when the environment
// of this process, its directory, its user or groups, os.Stdout or os.Stderr have changed. No spare is used while MP_DEBUG_WAIT
// is set. After a change of anything else that is inherited, such as the umask or what descriptor 1 leads to, call KeepSpares
// again. Goroutines of the library start the spares, so a program that assigns os.Stdout or os.Stderr must do it before
// KeepSpares, or it has a data race.
//
// KeepSpares fails, and changes nothing, when n is negative, before Main (ErrBootstrapping), and while this process exits
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

// spares are the spares for a process with these options; nil: none.
func (o *Options) spares() *spawn.Spares {
	if o.Dir != "" || o.Env != nil || o.Stdout != nil || o.Stderr != nil || o.Limits != (spawn.Limits{}) {
		return nil
	}
	kept.Lock()
	defer kept.Unlock()
	return kept.spares
}
