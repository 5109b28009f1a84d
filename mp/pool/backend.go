package pool

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// backend makes the workers of a pool. There are two: processes, and goroutines.
type backend interface {
	// start starts a worker that will live as long as ctx, and returns once its link can be used. Its Init has still to
	// run; arg is what encodeInit made.
	start(ctx context.Context, arg wire.Buffer) (seat, error)
}

// seat is where a worker sits: how the pool talks to it, ends it, and learns how it ended.
type seat interface {
	Name() string
	Pid() int
	Link() link.Link
	// Memory is how many bytes of memory the worker uses now; 0: it cannot be told.
	Memory() int64
	// Relay logs a record that the worker has sent while it was at a task.
	Relay(m link.Msg, task string)
	// Stop asks the worker to end and kills it after the KillDelay. It does not wait.
	Stop(reason error)
	// KillFor ends the worker at once.
	KillFor(reason error) error
	// AwaitEnd waits for the end of a worker whose link has ended with err. The link is still to be closed.
	AwaitEnd(err error)
	// Bury is AwaitEnd, and closes the link.
	Bury(err error)
	// ExitError says how a worker ended that has ended and blames the item for it.
	ExitError(function string, index int) *spawn.ExitError
}

// processes is the backend of worker processes. *spawn.Child is their seat.
type processes struct {
	opts   *Options
	spares *spawn.Spares // for the workers behind the first ones
}

func (b processes) start(ctx context.Context, arg wire.Buffer) (seat, error) {
	spec := b.spec()
	spec.Arg = arg
	return spawn.Start(ctx, spec)
}

// spec is what all workers have in common.
func (b processes) spec() *spawn.Spec {
	return &spawn.Spec{
		Role: role, Prefix: b.opts.Name, Daemon: true,
		Stdout: b.opts.Stdout, Stderr: b.opts.Stderr,
		Dir: b.opts.Dir, Env: b.opts.Env, Limits: b.opts.Limits,
		KillDelay: b.opts.KillDelay, IgnoreInterrupt: true, Shared: true, Spares: b.spares,
	}
}
