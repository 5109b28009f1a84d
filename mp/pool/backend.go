package pool

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// backend starts the workers of a pool: as processes, or as goroutines.
type backend interface {
	// start starts a worker, which ends when ctx ends, and returns once its link can be used. The worker's Init has not run
	// yet; arg is from encodeInit.
	start(ctx context.Context, arg wire.Buffer) (seat, error)
}

// seat is the pool's handle on one worker: to talk to it, to end it, and to learn how it ended. Its replacement has a seat
// of its own.
type seat interface {
	Name() string
	Pid() int
	Link() link.Link
	// Memory is how many bytes of memory the worker uses now; 0: unknown.
	Memory() int64
	// Relay logs a record that the worker sent while it ran task.
	Relay(m link.Msg, task string)
	// Stop asks the worker to end and kills it after the KillDelay. It does not wait.
	Stop(reason error)
	// KillFor ends the worker at once.
	KillFor(reason error) error
	// AwaitEnd ends a worker whose link has ended with err, and waits for a process to be reaped. The caller has still to
	// close the link.
	AwaitEnd(err error)
	// Bury is AwaitEnd, and closes the link.
	Bury(err error)
	// ExitError says how a worker ended, once it has, and names what it ran: an item of a call, or with index −1 a
	// function. An empty function means that it ran nothing.
	ExitError(function string, index int) *spawn.ExitError
}

// processes is the backend of worker processes. Their seats are *spawn.Child.
type processes struct {
	opts   *Options
	spares *spawn.Spares // taken by workers that come after the first ones
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
