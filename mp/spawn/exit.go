package spawn

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// ExitLimit bounds what a process does at its end, after its last child has ended: exit hooks and output.
const ExitLimit = 5 * time.Second

var hooks struct {
	sync.Mutex
	funcs []func()
}

// AtExit registers f to run when this process ends by Main or Exit, after its children have ended; the last one
// registered runs first. It is per process: a child has its own. Python's name for it is atexit.register.
func AtExit(f func()) {
	hooks.Lock()
	defer hooks.Unlock()
	hooks.funcs = append(hooks.funcs, f)
}

// Exit ends this process as a return from Main does: daemonic children are killed, the others joined, exit hooks run,
// and then os.Exit(code). A second goroutine that calls it waits for the first one's end.
func Exit(code int) {
	exiting.Lock() // for ever: nothing comes after os.Exit
	ending.Store(true)
	sig := endChildren()
	runHooks()
	step("exit: code %d", code)
	if identity.self != nil {
		Log.Info("process exiting", "exitcode", code)
		flush(identity.self)
	}
	if sig != 0 { // end as if nobody had caught it
		signal.Reset(sig)
		if sys.Raise(sig) == nil {
			time.Sleep(time.Second) // it arrives on another thread
		}
		code = 128 + int(sig)
	}
	os.Exit(code)
}

var (
	exiting sync.Mutex
	ending  atomic.Bool
)

// ErrExiting is returned by whatever would start a process while this one exits. Nothing was started.
var ErrExiting = errors.New("mp: this process is exiting and starts no other")

// endChildren kills daemonic children and joins the others. SIGINT or SIGTERM end the wait: the rest is killed, and
// the signal is returned.
func endChildren() syscall.Signal {
	left := Children()
	if len(left) == 0 {
		return 0
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	for ; len(left) > 0; left = Children() { // a start that was under way may still add one
		for _, c := range left {
			if c.daemon {
				c.Kill()
			}
		}
		for _, c := range left {
			select {
			case <-c.Done():
			case s := <-signals:
				for _, c := range left {
					c.Kill()
				}
				for _, c := range left {
					<-c.Done()
				}
				return s.(syscall.Signal)
			}
		}
	}
	return 0
}

// runHooks runs the exit hooks, for a limited time, and survives those that panic.
func runHooks() {
	hooks.Lock()
	none := len(hooks.funcs) == 0
	hooks.Unlock()
	if none {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			hooks.Lock()
			n := len(hooks.funcs)
			if n == 0 {
				hooks.Unlock()
				return
			}
			f := hooks.funcs[n-1]
			hooks.funcs = hooks.funcs[:n-1]
			hooks.Unlock()
			runHook(f)
		}
	}()
	select {
	case <-done:
	case <-time.After(ExitLimit):
		fmt.Fprintf(os.Stderr, "mp: exit hooks took longer than %v and were left behind\n", ExitLimit)
	}
}

func runHook(f func()) {
	defer func() {
		if value := recover(); value != nil {
			fmt.Fprintf(os.Stderr, "mp: an exit hook panicked: %v\n%s", value, debug.Stack())
		}
	}()
	f()
}

// flush lets the parent have what was sent, unless it does not read.
func flush(s *Self) {
	if s.stream.Flushed() {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.stream.Flush()
	}()
	select {
	case <-done:
	case <-time.After(ExitLimit):
	}
}
