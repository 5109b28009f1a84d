package spawn

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/boot"
)

// Main is the entry of a program that uses this library. In the first process it calls run, prints "prog: error" and
// exits with 1 when that returns an error, and with 0 otherwise. In a child it serves the parent and exits. It never
// returns, so it must be main's first statement: what stands before it runs in every child, and main's defers never
// run.
//
// When run returns, daemonic children are killed and the others are joined: that wait is for user work and has no
// limit, but SIGINT and SIGTERM end it. Exit hooks then have five seconds. os.Exit, log.Fatal and a panic in run skip
// all that, and the children die with us.
//
// A second call panics. So does a call on another goroutine than main's: in a child, main would run on beside the function
// that the child is for.
func Main(run func() error) {
	enter()
	if run == nil {
		panic("mp: Main(nil)")
	}
	Exit(report(run()))
}

// MainContext is Main for a run that wants to know when to stop: its ctx ends at the first SIGINT or SIGTERM. The
// second signal kills the program as if it were not caught. The cause of ctx names the signal.
//
// ctx also ends when run returns. A child that was started under it, or under a ctx made of it, is then told to stop, and
// killed after its KillDelay, rather than joined. Start a process that is to outlive run under context.WithoutCancel(ctx).
func MainContext(run func(ctx context.Context) error) {
	enter()
	if run == nil {
		panic("mp: MainContext(nil)")
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals) // before cancel makes the first one known: a second one must kill the program
			cancel(fmt.Errorf("%v signal received", s))
		case <-ctx.Done():
		}
	}()
	err := run(ctx)
	signal.Stop(signals)
	cancel(nil)
	Exit(report(err))
}

// TestMain is Main for test binaries: func TestMain(m *testing.M) { mp.TestMain(m) }. Besides, children that are left
// when the tests have ended fail the run: a test has to close what it starts. So do data races that the race detector has
// found in children of this process, whether or not a test has looked at the error, which a deferred Close drops.
func TestMain(m interface{ Run() int }) {
	enter()
	code := m.Run()
	if left := Children(); len(left) > 0 {
		fmt.Fprintf(os.Stderr, "mp: child processes are left over from the tests; join or close them:\n")
		for _, c := range left {
			fmt.Fprintf(os.Stderr, "\t%v\n", c)
			c.Kill()
		}
		code = max(code, 1)
	}
	AtExit(func() { // when the last child was reaped
		if report := raceReport(); report != "" {
			fmt.Fprint(os.Stderr, report)
			Exit(max(code, 1))
		}
	})
	Exit(code)
}

// enter ends the bootstrapping phase of the first process. In a child it does not return.
func enter() {
	site := callSite()
	if !site.onMain() && !boot.Entered() {
		panic(fmt.Sprintf("mp: Main is called at %s, but not by the goroutine that runs main: in a child, main would go on "+
			"beside the function that the child is for. Call it from main itself, as its first statement.", site))
	}
	registry.Lock()
	if registry.mainSite.stack == nil {
		registry.mainSite = site
	}
	first := registry.mainSite
	registry.Unlock()
	if !boot.Enter() {
		panic(fmt.Sprintf("mp: Main is called again at %s; it was called at %s", site, first))
	}
	if why := boot.Refusal(); why != "" {
		fmt.Fprintf(os.Stderr, "mp: the environment variable %s is set, but no parent process of this program set it "+
			"for us: %s. Unset it; it is private to package mp.\n", boot.Marker(), why)
		os.Exit(1)
	}
	if boot.Child() {
		Exit(child())
	}
	step("Main: no parent has started this process; it runs the program")
	boot.Finish()
}

func report(err error) (code int) {
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
	return 1
}
