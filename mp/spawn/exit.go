package spawn

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/record"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// ExitLimit bounds each step of a process's exit but the wait for its children: ending spares, logging, exit hooks, output.
const ExitLimit = 5 * time.Second

var hooks struct {
	sync.Mutex
	funcs []func()
}

// AtExit registers f to run when this process ends by Main or Exit, after its children have ended. The last hook registered
// runs first; a hook that a hook registers runs next. Hooks are per process: a child has its own. A hook cannot start a
// process: that is ErrExiting. Python's name for it is atexit.register.
func AtExit(f func()) {
	if f == nil {
		panic("mp: AtExit(nil)")
	}
	hooks.Lock()
	defer hooks.Unlock()
	hooks.funcs = append(hooks.funcs, f)
}

// Exit ends this process as a return from Main does: daemonic children are killed, the others joined, exit hooks run,
// and then os.Exit(code). It never returns. If another goroutine has called it before, Exit blocks until the process ends. In
// an exit hook, Exit ends that hook; the other hooks still run, and the new code replaces the first one.
func Exit(code int) {
	if !ending.CompareAndSwap(false, true) {
		if !calledBy(hookRunner) {
			select {}
		}
		exitCode.Store(int64(code))
		runtime.Goexit()
	}
	exitCode.Store(int64(code))
	endSpares()
	sig := endChildren()
	awaitUntracked()
	runHooks()
	code = int(exitCode.Load()) // a hook may have changed it
	if sig != 0 {
		code = 128 + int(sig)
	}
	step("exit: code %d", code)
	if self := me().self; self != nil {
		takeLeave(self, code)
	}
	if sig != 0 { // end as if the signal had not been caught
		signal.Reset(sig)
		if sys.Raise(sig) == nil {
			time.Sleep(time.Second) // the signal arrives on another thread
		}
	}
	os.Exit(code)
}

var (
	ending   atomic.Bool // Exit was called
	exitCode atomic.Int64
)

// ErrExiting is returned by whatever would start a process while this one exits. No process was started, or it was killed before
// it could run a function.
var ErrExiting = errors.New("mp: this process is exiting and starts no other")

// endChildren kills daemonic children and joins the others. SIGINT or SIGTERM ends the wait, unless this process ignores
// it: the remaining children are killed, and the signal is returned.
func endChildren() (sig syscall.Signal) {
	left := Children()
	if len(left) == 0 {
		return 0
	}
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		if !signal.Ignored(s) && !(s == os.Interrupt && deaf) {
			signal.Notify(signals, s)
		}
	}
	defer func() {
		signal.Stop(signals)
		select {
		case s := <-signals: // the signal came together with the end of the last child
			sig = s.(syscall.Signal)
		default:
		}
	}()
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

// runHooks runs the exit hooks, for a limited time.
func runHooks() {
	f := nextHook()
	if f == nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ; f != nil; f = nextHook() {
			ended := make(chan struct{})
			go runHook(f, ended)
			<-ended
		}
	}()
	select {
	case <-done:
	case <-time.After(ExitLimit):
		Complain("mp: exit hooks took longer than %v and were left behind\n", ExitLimit)
	}
}

// nextHook takes the hook that was registered last; nil when there is none.
func nextHook() (f func()) {
	hooks.Lock()
	defer hooks.Unlock()
	if n := len(hooks.funcs); n > 0 {
		f, hooks.funcs = hooks.funcs[n-1], hooks.funcs[:n-1]
	}
	return f
}

const hookRunner = module + "/spawn.runHook"

// runHook runs one hook in a goroutine of its own, which it may end by a panic, Goexit or Exit.
func runHook(f func(), ended chan<- struct{}) {
	defer close(ended)
	defer func() {
		if value := recover(); value != nil {
			Complain("mp: an exit hook panicked: %v\n%s", value, debug.Stack())
		}
	}()
	f()
}

// Complain prints on standard error what a process that is about to end has to say. It stops waiting after a second, as the reader
// of standard error may not read: that must not keep the process from ending.
func Complain(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	said := make(chan struct{})
	go func() {
		defer close(said)
		io.WriteString(os.Stderr, text)
	}()
	select {
	case <-said:
	case <-time.After(time.Second):
	}
}

// takeLeave logs the exit and flushes the link to the parent. It takes ExitLimit at most, as the parent may not read.
func takeLeave(s *Self, code int) {
	if record.Info < LogLevel() && s.stream.Flushed() {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		Log.Info("process exiting", "exitcode", code) // like Flush, it blocks while the parent does not read
		s.stream.Flush()
	}()
	select {
	case <-done:
	case <-time.After(ExitLimit):
	}
}
