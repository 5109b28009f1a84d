// Package process runs one registered function in one process of its own, as Python's multiprocessing.Process does.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/wire"
	"github.com/go-multiprocessing/multiprocessing/mp/popen"
	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Errors of methods of a Process that are called at the wrong time.
var (
	ErrAlreadyStarted = errors.New("mp: cannot start a process twice; make another one with NewProcess")
	ErrNotStarted     = errors.New("mp: the process has not been started; call Start first")
	ErrStillRunning   = errors.New("mp: cannot close a process while it is still running; call Terminate, Kill or Join first")
)

func init() {
	spawn.RegisterError("mp.process.ErrAlreadyStarted", ErrAlreadyStarted)
	spawn.RegisterError("mp.process.ErrNotStarted", ErrNotStarted)
	spawn.RegisterError("mp.process.ErrStillRunning", ErrStillRunning)
}

// Options of a process. Nil and zero values are the defaults.
type Options struct {
	// Name is for messages and for ps; it need not be unique. Default: Process-1, and Process-1:2 for a child of it.
	Name string
	// Daemon: the process is killed when this one exits, not joined. Unlike Python's, a daemon may have children of its
	// own: they cannot outlive it.
	Daemon bool
	// Dir is its working directory; default: that of this process.
	Dir string
	// Env is its whole environment, as in exec.Cmd; nil: that of this process. GOCOVERDIR, MP_DEBUG and MP_DEBUG_WAIT of
	// this process are kept.
	Env []string
	// Stdout nil: the process writes to the standard output of this one directly. It writes to a *os.File directly, too.
	// Stderr nil: its standard error is passed on to that of this process; that includes the error or panic with which the
	// function ends, as in Python. Other writers are given whole lines, and are never called twice at once for one process.
	// When Stdout and Stderr are the same writer, and no *os.File, ExitError.Stderr is the end of both.
	Stdout, Stderr io.Writer
	// KillDelay is the time between asking it to stop, when the ctx of Start ends, and killing it and what it started.
	// 0: one second; negative: it is killed at once.
	KillDelay time.Duration
	// Limits bound what it may use; none by default.
	Limits spawn.Limits
}

// Usage is what a process has used over its life.
type Usage = popen.Usage

// Process is a call of a function in a process of its own. New or Start makes one. Its methods may be called at any
// time from any goroutine.
type Process[R any] struct {
	fn     string
	opts   Options
	arg    wire.Buffer
	argErr error
	id     func() uint32
	decode func(data []byte, files []*os.File, r *R) error

	mu      sync.Mutex
	child   *spawn.Child
	started bool // also while Start is at work
	closed  bool

	done   chan struct{} // closed once the process was reaped and result and err are set
	result R
	err    error
}

// New prepares a call of fn with arg; nothing runs before Start. New encodes the argument: later changes to it do not reach the
// process. If the argument cannot be encoded, Start returns the error.
func New[A, R any](fn *spawn.Func[A, R], arg A, opts *Options) *Process[R] {
	p := &Process[R]{done: make(chan struct{})}
	if opts != nil {
		p.opts = *opts
	}
	if fn == nil {
		p.argErr = errors.New("mp: the function of a process is nil")
		return p
	}
	p.fn = fn.Name()
	p.id = func() uint32 { return spawn.ID(fn) }
	p.argErr = spawn.EncodeArg(fn, &p.arg, &arg, -1)
	p.decode = func(data []byte, files []*os.File, r *R) error { return spawn.DecodeResult(fn, data, files, r, -1) }
	return p
}

// Start is New and Process.Start.
func Start[A, R any](ctx context.Context, fn *spawn.Func[A, R], arg A, opts *Options) (*Process[R], error) {
	p := New(fn, arg, opts)
	if err := p.Start(ctx); err != nil {
		p.Close() // the caller has no p to close; objects that would have moved with the argument stay here
		return nil, err
	}
	return p, nil
}

// Start starts the process. It returns once the child has bootstrapped and is about to run the function. On an error no process
// is left, and Start may be tried again. When ctx ends just as the child becomes ready, the function may have begun, and the
// error says so; then objects that move with the argument, such as an end of a Pipe, are lost. ctx bounds the life of the
// process, as in exec.CommandContext: when it ends, so does the ctx of the function, and after KillDelay the process is killed.
func (p *Process[R]) Start(ctx context.Context) error {
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return p.misuse(spawn.ErrClosed)
	case p.started:
		p.mu.Unlock()
		return p.misuse(ErrAlreadyStarted)
	}
	p.started = true
	p.mu.Unlock()

	child, err := p.spawn(ctx)

	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.started = false
		return err
	}
	p.child = child
	p.arg = wire.Buffer{}
	go p.receive(child)
	return nil
}

func (p *Process[R]) spawn(ctx context.Context) (*spawn.Child, error) {
	if err := spawn.Ready(); err != nil {
		return nil, err
	}
	if p.argErr != nil {
		return nil, p.argErr
	}
	arg := p.arg // with the objects that move with it
	arg.Data = append(appendHeader(nil, p.id(), ctx), p.arg.Data...)
	return spawn.Start(ctx, &spawn.Spec{
		Role: role, Arg: arg, Func: p.fn,
		Name: p.opts.Name, Daemon: p.opts.Daemon, Dir: p.opts.Dir, Env: p.opts.Env,
		Stdout: p.opts.Stdout, Stderr: p.opts.Stderr, KillDelay: p.opts.KillDelay,
		Limits: p.opts.Limits, Spares: p.opts.spares(),
	})
}

// receive reads the link to its end, and settles the result when the process was reaped.
func (p *Process[R]) receive(child *spawn.Child) {
	var outcome error
	answered := false
	for {
		m, err := child.Link().Recv()
		switch {
		case err != nil:
		case m.Kind == kindResult && !answered:
			answered = true
			outcome = p.decode(m.Body, m.Files, &p.result)
			m.Release()
		case m.Kind == kindFailure && !answered:
			answered = true
			outcome = spawn.RemoteFailure(m.Body, p.fn, -1, child.Name(), child.Pid())
			m.CloseFiles()
			m.Release()
		case m.Kind == spawn.KindRecord:
			child.Relay(m, p.fn)
		default:
			m.CloseFiles()
			m.Release()
			err = fmt.Errorf("it sent a message of kind %d, which it was not to", m.Kind)
		}
		if err != nil {
			child.Bury(err)
			break
		}
	}
	if code, _ := child.ExitCode(); !answered || outcome == nil && code != 0 && code != popen.UnknownExit {
		// Without an answer the process died. A result with a bad exit code is an error too: the race detector, for
		// example, reports when a process exits.
		exit := child.ExitError(p.fn, -1)
		exit.Returned = answered
		outcome = exit
	}
	p.err = outcome
	close(p.done)
}

// get returns the child, or why there is none.
func (p *Process[R]) get() (*spawn.Child, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, p.misuse(spawn.ErrClosed)
	case p.child == nil:
		return nil, p.misuse(ErrNotStarted)
	}
	return p.child, nil
}

// misuse adds the function of the process to the error of a method that was called at the wrong time.
func (p *Process[R]) misuse(err error) error { return fmt.Errorf("%w (the process of %s)", err, p.fn) }

// Done is closed once the process has ended, was reaped, and its result is known. It is open before Start.
func (p *Process[R]) Done() <-chan struct{} { return p.done }

// Join waits until the process has ended. It returns nil whatever its exit code; look at ExitCode or Result. ctx bounds this wait,
// not the process. When ctx is that of Start, its end ends both: Join returns ctx's error at once, and the process may still run
// for as long as its KillDelay. To wait for its end, give Join another one, such as context.WithoutCancel(ctx).
func (p *Process[R]) Join(ctx context.Context) error {
	child, err := p.get()
	if err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	default:
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("mp: waiting for %s (pid %d): %w", child.Name(), child.Pid(), spawn.CtxError(ctx))
	}
}

// Result waits until the process has ended and returns what the function returned. When the function returned an error
// or panicked, the error is a *spawn.RemoteError; when the process died, or ended with an exit code other than 0 although
// the function had returned, it is a *spawn.ExitError, in the latter case with the function's result beside it. ctx bounds the
// wait, as in Join: under the ctx of Start, Result returns ctx's error when that ends, and not the ExitError with CauseDeadline
// or CauseCancel. To see how such a process died, wait under context.WithoutCancel(ctx).
func (p *Process[R]) Result(ctx context.Context) (R, error) {
	if err := p.Join(ctx); err != nil {
		var zero R
		return zero, err
	}
	return p.result, p.err
}

// Alive reports whether the process was started and has not ended.
func (p *Process[R]) Alive() bool {
	child, err := p.get()
	return err == nil && child.Alive()
}

// ExitCode is 0 when the function returned, 1 when it failed, n after mp.Exit(n) or os.Exit(n), and −signum when a
// signal ended the process. exited is false before its end.
func (p *Process[R]) ExitCode() (code int, exited bool) {
	child, err := p.get()
	if err != nil {
		return 0, false
	}
	return child.ExitCode()
}

// Pid is the process id, 0 before Start.
func (p *Process[R]) Pid() int {
	child, err := p.get()
	if err != nil {
		return 0
	}
	return child.Pid()
}

// Name is the name of the process; empty before Start when the options give none.
func (p *Process[R]) Name() string {
	if child, err := p.get(); err == nil {
		return child.Name()
	}
	return p.opts.Name
}

// Daemon reports whether the process is killed when this one exits, rather than joined.
func (p *Process[R]) Daemon() bool { return p.opts.Daemon }

// Usage is what the process has used, once it has ended.
func (p *Process[R]) Usage() Usage {
	child, err := p.get()
	if err != nil {
		return Usage{}
	}
	return child.Usage()
}

// Limits are those that the process was started with, as far as they are in force; none before Start.
func (p *Process[R]) Limits() spawn.Applied {
	child, err := p.get()
	if err != nil {
		return spawn.Applied{}
	}
	return child.Limits()
}

// Terminate sends SIGTERM to the process and to what it started itself; on Windows it ends them, as Python does. It returns nil
// if the process has ended already. A process that does not handle the signal ends at once: the ctx of its function does not end
// before, and defers do not run. To end that ctx, end the ctx of Start.
func (p *Process[R]) Terminate() error { return p.signal((*spawn.Child).Terminate) }

// Interrupt sends SIGINT to the process and to what it started itself, as Terminate sends SIGTERM. On Windows, where
// SIGINT cannot be sent, the ctx of the function ends instead.
func (p *Process[R]) Interrupt() error { return p.signal((*spawn.Child).Interrupt) }

// Kill ends the process, and what it started itself, at once.
func (p *Process[R]) Kill() error { return p.signal((*spawn.Child).Kill) }

func (p *Process[R]) signal(send func(*spawn.Child) error) error {
	child, err := p.get()
	if err != nil {
		return err
	}
	return send(child)
}

// Close gives up the process and its result. Afterwards, methods that return an error return ErrClosed. The others return
// zero values, except Name and Daemon, which return what Options gave. While the process runs, Close returns ErrStillRunning.
// A second Close does nothing. A program need not call Close: an ended process holds no resource.
func (p *Process[R]) Close() error {
	if child, err := p.get(); err == nil && !child.Alive() {
		<-p.done // its last message is about to arrive
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started && !p.closed {
		select {
		case <-p.done:
		default:
			return ErrStillRunning
		}
	}
	p.closed = true
	p.arg.Reset() // objects that would have moved with the argument stay here
	return nil
}

// String describes the process as Python's repr does.
func (p *Process[R]) String() string {
	child, err := p.get()
	switch {
	case errors.Is(err, spawn.ErrClosed):
		return "<Process closed>"
	case err != nil:
		daemon := ""
		if p.opts.Daemon {
			daemon = " daemon"
		}
		return fmt.Sprintf("<Process name='%s' parent=%d initial%s>", p.opts.Name, os.Getpid(), daemon)
	}
	return child.String()
}
