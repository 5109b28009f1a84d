package spawn

import (
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/boot"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Ctrl-C is the business of the first process of a program. Its terminal does not reach the children, which have process
// groups of their own, but "pkill -INT" does. So a child is deaf to SIGINT from here on until it is ready; what comes
// before here, from its fork on, is what diedStarting is for. The alternative, to start children with SIGINT blocked,
// would leak into all that they start themselves: Go cannot unblock a signal in every thread.
var releaseInterrupt = func() func() {
	if boot.Child() {
		return sys.HoldInterrupt()
	}
	return nil
}()

// deaf says that this process takes no notice of SIGINT for good: it is a worker.
var deaf bool

// hearInterrupts ends the deafness of a child that is ready, unless it is to stay so. A worker catches the signal and drops it: that a
// signal is ignored would be inherited by all that it starts, with os/exec too. What the program's own init functions
// ignore is left as it is; what they listen with hears nothing in a worker.
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

// startTries bounds how often a child is started that dies of SIGINT before it can be deaf to it.
const startTries = 5

// diedStarting reports whether err says that a SIGINT ended a child before it was ready.
func diedStarting(err error) bool {
	var exit *ExitError
	return errors.As(err, &exit) && exit.Bootstrapping && exit.Cause == CauseSignal && exit.Signal == syscall.SIGINT
}
