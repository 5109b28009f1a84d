package spawn

import (
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/boot"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Ctrl-C is for the first process of a program. The terminal does not send it to the children, which have process groups
// of their own, but "pkill -INT" does. So a child ignores SIGINT from here on until it is ready. An earlier SIGINT, after the
// fork, kills the child; then Start tries again (see diedStarting). Children cannot be started with SIGINT blocked instead:
// Go cannot unblock a signal in every thread, so all that they start would inherit the block.
var releaseInterrupt = func() func() {
	if boot.Child() {
		return sys.HoldInterrupt()
	}
	return nil
}()

// deaf says that this process drops SIGINT for its whole life: it is a worker.
var deaf bool

// hearInterrupts lets a child that is ready receive SIGINT again, unless ignore is set: the child is a worker. A worker catches
// the signal and drops it, because all that it starts, with os/exec too, would inherit an ignored signal. If the program's own
// init functions ignore SIGINT, it stays ignored. Channels that they gave to signal.Notify get no SIGINT in a worker.
func hearInterrupts(ignore bool) {
	deaf = ignore
	switch {
	case signal.Ignored(os.Interrupt):
	case ignore:
		signal.Ignore(os.Interrupt)
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	default:
		releaseInterrupt()
	}
}

// startTries is how often Start starts a child, if a SIGINT kills each one before it can ignore the signal.
const startTries = 5

// diedStarting reports whether err says that a SIGINT ended a child before it was ready.
func diedStarting(err error) bool {
	var exit *ExitError
	return errors.As(err, &exit) && exit.Bootstrapping && exit.Cause == CauseSignal && exit.Signal == syscall.SIGINT
}
