package mp

import (
	"context"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Main runs the program: in the first process it calls run, in a child it serves the parent. It never returns and must
// be main's first statement; what stands before it runs in every child, and main's defers never run.
//
// When run returns an error, Main prints "prog: error" and exits with 1, otherwise with 0. Before that, daemonic
// children are killed and the others joined; that wait has no limit, but SIGINT and SIGTERM end it. Exit hooks then have
// five seconds. os.Exit, log.Fatal and a panic in run skip all that, and the children die with us.
//
// A second call panics. So does a call on another goroutine than main's.
func Main(run func() error) { spawn.Main(run) }

// MainContext is Main for a run that wants to know when to stop: ctx ends at the first SIGINT or SIGTERM. The second
// signal kills the program as if it were not caught. The cause of ctx names the signal.
//
// ctx also ends when run returns: a child that runs under it is told to stop, and killed after its KillDelay. Start a
// process that is to outlive run under context.WithoutCancel(ctx).
func MainContext(run func(ctx context.Context) error) { spawn.MainContext(run) }

// TestMain is Main for test binaries:
//
//	func TestMain(m *testing.M) { mp.TestMain(m) }
//
// Children that are left when the tests have ended fail the run. With -race, so do data races in children, even if no test
// has looked at the error: a deferred Close of a pool drops it.
func TestMain(m interface{ Run() int }) { spawn.TestMain(m) }

// Exit ends this process with the exit protocol of Main, and then os.Exit(code). It never returns. In an exit hook it ends
// that hook; the other hooks still run, and the new code replaces the first one.
func Exit(code int) { spawn.Exit(code) }

// AtExit registers f to run when this process ends by Main or Exit, the last one first.
func AtExit(f func()) { spawn.AtExit(f) }
