package spawn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/link"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
	"github.com/go-multiprocessing/multiprocessing/mp/popen"
)

// Child is a process that this one has started. Its methods may be called at any time from any goroutine.
type Child struct {
	name      string
	path      []uint32
	daemon    bool
	function  string
	killDelay time.Duration
	popen     *popen.Process
	fence     fence
	stream    *link.Stream
	shared    *link.Shared // memory for a link of rings; nil: none, or the child could not open it
	crash     *popen.Head
	debugged  bool          // it waits for a debugger before it gets ready
	spare     bool          // no Start has taken it yet; the mutex of children guards this, and changes of name
	begun     bool          // it has answered that it is ready, even if too late: its role may have begun
	done      chan struct{} // closed once it is reaped and autopsy has run
	untracked chan struct{} // closed once its end was logged, and children no longer lists it

	mu       sync.Mutex
	link     link.Link // the stream, or rings with it beside them
	stopping bool      // Stop was called
	killed   bool      // KillFor was called while it was not reaped
	reason   error     // why KillFor was called
}

// children are those that are alive, or whose end is not logged yet; spares among them.
var children struct {
	sync.Mutex
	list []*Child
}

func track(c *Child) {
	c.untracked = make(chan struct{})
	children.Lock()
	children.list = append(children.list, c)
	children.Unlock()
	go func() {
		defer close(c.untracked)
		<-c.popen.Done()
		c.autopsy()
		c.noteRace()
		close(c.done)
		children.Lock()
		name := c.name
		children.Unlock()
		step("%s (pid %d) has ended: exit code %s", name, c.Pid(), exitText(c.popen.ExitCode()))
		Log.Debug("a process has ended", "name", name, "child_pid", c.Pid(), "exitcode", exitText(c.popen.ExitCode()))
		children.Lock()
		children.list = slices.DeleteFunc(children.list, func(o *Child) bool { return o == c })
		children.Unlock()
		c.stream.PeerEnded(leftoverLimit)
		c.fence.removeCgroup()
	}()
}

// awaitUntracked waits until the end of every dead child was logged, but for ExitLimit at most: the log may hang.
func awaitUntracked() {
	children.Lock()
	list := slices.DeleteFunc(slices.Clone(children.list), (*Child).Alive)
	children.Unlock()
	if len(list) == 0 {
		return
	}
	limit := time.After(ExitLimit)
	for _, c := range list {
		select {
		case <-c.untracked:
		case <-limit:
			return
		}
	}
}

// leftoverLimit is for the link of a dead child whose end another process still holds: the link ends when nothing has come over
// it for that long.
const leftoverLimit = time.Second

// Children are the living children of this process, workers of pools among them but no spares, in the order in which they
// were numbered.
func Children() []*Child {
	children.Lock()
	defer children.Unlock()
	alive := slices.DeleteFunc(slices.Clone(children.list), func(c *Child) bool { return c.spare || !c.Alive() })
	slices.SortFunc(alive, func(a, b *Child) int { return slices.Compare(a.path, b.path) })
	return alive
}

// Pid is the process id.
func (c *Child) Pid() int { return c.popen.Pid() }

// Name is the name of the process.
func (c *Child) Name() string { return c.name }

// Daemon reports whether the process is killed when this one exits, rather than joined.
func (c *Child) Daemon() bool { return c.daemon }

// Link is the channel to the process. The caller of Start reads it to its end and closes it.
func (c *Child) Link() link.Link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link
}

// Done is closed once the process has ended and was reaped.
func (c *Child) Done() <-chan struct{} { return c.done }

// Alive reports whether the process has not ended.
func (c *Child) Alive() bool {
	select {
	case <-c.Done():
		return false
	default:
		return true
	}
}

// ExitCode is the exit status, −signum when a signal ended the process; exited is false while it runs.
func (c *Child) ExitCode() (code int, exited bool) {
	if c.Alive() {
		return 0, false
	}
	return c.popen.ExitCode(), true
}

// Usage is what the process has used, once it has ended.
func (c *Child) Usage() popen.Usage {
	if c.Alive() {
		return popen.Usage{}
	}
	return c.popen.Usage()
}

// Memory is how many bytes of memory the process uses now; 0 where that cannot be told, and once it has ended.
func (c *Child) Memory() int64 {
	n, _ := c.popen.Memory()
	return n
}

// Join waits until the process has ended. It returns nil whatever the exit code.
func (c *Child) Join(ctx context.Context) error {
	select {
	case <-c.Done():
		return nil
	default:
	}
	select {
	case <-c.Done():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("mp: waiting for %s (pid %d): %w", c.name, c.Pid(), CtxError(ctx))
	}
}

// Terminate sends SIGTERM to the process and to what it started itself; on Windows it ends them, as Python does. It returns nil
// if the process has ended already.
func (c *Child) Terminate() error { return c.popen.Terminate() }

// Interrupt sends SIGINT, as Terminate sends SIGTERM. On Windows, where SIGINT cannot be sent, it ends the ctx of what the
// process runs instead.
func (c *Child) Interrupt() error {
	err := c.popen.Interrupt()
	if errors.Is(err, errors.ErrUnsupported) && c.Alive() {
		go c.tellToStop(CauseCancel)
		return nil
	}
	return err
}

// tellToStop makes the process end the ctx of what it runs. It blocks while the process does not read its link, and fails when
// the process is gone.
func (c *Child) tellToStop(why Cause) error {
	return c.Link().Urge(link.Msg{Kind: KindStop, Body: []byte(why)})
}

// Kill ends the process, and what it started itself, at once.
func (c *Child) Kill() error { return c.popen.Kill() }

// Stop tells the process to stop, for this reason, and kills it if it has not ended after its KillDelay; a negative KillDelay
// kills it at once. Stop does not wait. Only the first call counts.
func (c *Child) Stop(reason error) {
	c.mu.Lock()
	first := !c.stopping
	c.stopping = true
	c.mu.Unlock()
	if !first {
		return
	}
	if c.killDelay > 0 {
		go c.tellToStop(CauseOf(reason))
	}
	kill := time.AfterFunc(max(c.killDelay, 0), func() { c.KillFor(reason) })
	go func() {
		<-c.Done()
		kill.Stop()
	}()
}

// KillFor is Kill with a reason, which the ExitError will tell.
func (c *Child) KillFor(reason error) error {
	ended := c.popen.Reaped() // if so, this kill did not end it, even if its output is still being passed on
	c.mu.Lock()
	if !c.killed && !ended {
		c.killed, c.reason = true, reason
	}
	c.mu.Unlock()
	return c.Kill()
}

// bound stops the child when ctx ends.
func (c *Child) bound(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { c.Stop(CtxError(ctx)) })
	go func() {
		<-c.Done()
		stop()
	}()
}

// awaitNaturalEnd gives a process whose link has ended the time to end by itself, so that its exit status says why.
func (c *Child) awaitNaturalEnd() {
	select {
	case <-c.Done():
	case <-time.After(time.Second):
	}
}

// linkEnded reports whether a link ended with err because the process did, or closed it; otherwise something is wrong with
// the link itself, or with what came over it.
func linkEnded(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrDeadlineExceeded) // see leftoverLimit
}

// AwaitEnd ends a child whose link has ended with err, and waits until it is reaped. The child's work is lost in any case:
// without a link it cannot send a result. The caller must still close the link.
func (c *Child) AwaitEnd(err error) {
	if linkEnded(err) {
		c.awaitNaturalEnd()
	}
	c.KillFor(&linkError{err})
	<-c.Done()
}

// Bury is AwaitEnd, and closes the link.
func (c *Child) Bury(err error) {
	c.AwaitEnd(err)
	c.Link().Close()
}

// ExitError is the error for a child that has ended, while it ran the function for the item (−1: none).
func (c *Child) ExitError(function string, index int) *ExitError {
	if function == "" {
		function = c.function
	}
	e := &ExitError{
		Pid: c.Pid(), Name: c.name, Func: function, Index: index,
		ExitCode: c.popen.ExitCode(), PeakRSS: c.popen.Usage().PeakRSS, Stderr: c.popen.StderrTail(),
	}
	c.mu.Lock()
	reason, killed := c.reason, c.killed
	c.mu.Unlock()
	killed = killed && e.ExitCode < 0
	switch {
	case c.fence.oom != nil:
		e.Signal, e.Cause, e.Err = syscall.SIGKILL, CauseOOM, c.fence.oom
	case killed && c.dump() == "":
		e.Signal, e.Cause, e.Err = syscall.Signal(-e.ExitCode), CauseOf(reason), reason
		if memory, ok := reason.(*memoryError); ok { // the kernel keeps the peak less exactly, and Wine not at all
			e.PeakRSS = max(e.PeakRSS, memory.used)
		}
	case e.ExitCode == popen.UnknownExit:
		e.Cause = CauseUnknown
	case killed || c.gaveUp(e.ExitCode): // a child killed while it wrote its dump was already dying
		e.Cause, e.Stack = CauseFatal, c.dump()
		if !strings.HasPrefix(e.Stack, "panic: ") {
			e.Stack = c.popen.FatalLine() + e.Stack
		}
		e.Signal = signalIn(e.Stack)
	case e.ExitCode < 0:
		e.Signal, e.Cause = syscall.Signal(-e.ExitCode), CauseSignal
	default:
		e.Cause = CauseExit
	}
	return e
}

// gaveUp reports whether the Go runtime ended the child: with code 2, or, with GOTRACEBACK=crash, by an abort, on Windows
// by an exception. With GOTRACEBACK=none there is no dump, only its first line.
func (c *Child) gaveUp(code int) bool {
	return (code == 2 || sys.Aborted(code)) && (c.dump() != "" || c.popen.FatalLine() != "")
}

// dump is the beginning, at least, of the dump that the child's Go runtime has written of a fatal error. Output that does not
// begin like a dump is ignored: it came from code in the child that wrote to the wrong descriptor.
func (c *Child) dump() string {
	dump := c.crash.String()
	start := strings.TrimLeft(dump, "\n\t")
	for _, prefix := range []string{"panic", "fatal", "goroutine ", "runtime", "[", "SIG", "signal ", "Signal ", "Exception 0x"} {
		if strings.HasPrefix(start, prefix) {
			return dump
		}
	}
	return ""
}

// signalIn finds the signal that a fatal dump of the Go runtime names, as in "[signal SIGBUS: bus error code=0x2 …", or on
// Windows the exception, as in "[signal 0xc0000005 code=0x0 …" and "Exception 0xc0000005 …"; for a fault in C code it stands at
// the beginning, as in "SIGSEGV: segmentation violation".
func signalIn(dump string) syscall.Signal {
	for _, before := range []string{"[signal ", "Exception ", ""} {
		if _, rest, found := strings.Cut(dump, before); found {
			return sys.SignalNumber(rest[:max(0, strings.IndexAny(rest, ": "))])
		}
	}
	return 0
}

// String describes the process as Python's repr does.
func (c *Child) String() string {
	state := "started"
	if code, exited := c.ExitCode(); exited {
		state = "stopped exitcode=" + exitText(code)
	}
	if c.daemon {
		state += " daemon"
	}
	return fmt.Sprintf("<Process name='%s' pid=%d parent=%d %s>", c.name, c.Pid(), os.Getpid(), state)
}

// exitText is an exit code with signals by name: -SIGKILL.
func exitText(code int) string {
	if code == popen.UnknownExit {
		return "unknown"
	}
	if name := sys.SignalName(syscall.Signal(-code)); code < 0 && name != "" {
		return "-" + name
	}
	return fmt.Sprint(code)
}
