// Package popen starts, watches and ends one operating system process, as Python's popen_*.py do. It knows nothing of
// functions, links or pools; package spawn stands on it.
package popen

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

const (
	// tailSize is how much of a child's standard error is kept for errors.
	tailSize = 64 << 10
	// outputLimit is how long a writer may take for the output that is left at the child's end.
	outputLimit = 5 * time.Second
)

// outputGrace is for a child that has ended while a process that it started still holds its streams: when no output has come for
// that long, all of the child's own was passed on. Tests change it.
var outputGrace = 100 * time.Millisecond

// Config says what to start. The process gets its own process group, the null device as standard input, and no
// descriptors but the standard streams, those in Inherit, and, as with os/exec, what this program itself was given
// without close-on-exec.
type Config struct {
	Path string   // the program
	Args []string // its argv, the name first
	Env  []string // its whole environment
	Dir  string   // its working directory; empty: ours

	// Stdout nil: the process writes to our standard output directly. It writes to a *os.File directly, too. Otherwise, and
	// always for standard error (nil: ours), what it writes is passed on line by line. Stdout and Stderr may be one writer.
	Stdout, Stderr io.Writer

	// Inherit are what the process gets besides its standard streams; sys.ChildEnd.Number tells their descriptors there. The
	// caller still owns them.
	Inherit []*sys.ChildEnd
	// Drains are read until the process has ended; their write ends are usually in Inherit as well.
	Drains []*Drain
}

// Process is a process that was started. Its methods may be called at any time from any goroutine.
type Process struct {
	pid    int
	handle handle
	drains []*Drain
	tail   *tail
	fatal  *headline

	mu     sync.Mutex // held to reach the process by its pid and to reap it, so that nothing meets a reused pid
	reaped bool
	killed bool // Kill was called before it was reaped

	done     chan struct{}
	exitCode int
	usage    Usage
}

// Start starts a process. An error says in words what stood in the way. Then nothing is left of the attempt: Start closes the
// drains, and the caller still owns its other files.
func Start(cfg *Config) (*Process, error) {
	p := &Process{
		done:     make(chan struct{}),
		exitCode: UnknownExit,
		tail:     &tail{limit: tailSize},
		fatal:    &headline{prefix: []byte("fatal error: ")},
		drains:   cfg.Drains,
	}
	if err := p.start(cfg); err != nil {
		for _, d := range p.drains {
			d.Close()
		}
		return nil, Explain(err, cfg)
	}
	for _, d := range p.drains {
		d.w.Close()
		go d.run()
	}
	go p.watch()
	return p, nil
}

// start starts the process with its streams.
func (p *Process) start(cfg *Config) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	streams, err := p.streams(cfg, sys.Lend(null))
	if err != nil {
		return err
	}
	p.pid, p.handle, err = start(cfg, append(streams, cfg.Inherit...))
	return err
}

// watch reaps the process when it ends, and then lets its output end.
func (p *Process) watch() {
	ended := p.handle.awaitExit()
	p.exitCode, p.usage = p.reap(ended)
	deadline := time.Now().Add(outputLimit)
	for _, d := range p.drains {
		d.end()
	}
	for _, d := range p.drains {
		d.finish(deadline)
	}
	close(p.done)
}

// Pid is the process id. No other process has it before this one is Reaped.
func (p *Process) Pid() int { return p.pid }

// WithPid calls f with the process id, which no other process gets until f returns. Once the process was reaped it returns
// os.ErrProcessDone instead.
func (p *Process) WithPid(f func(pid int) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return os.ErrProcessDone
	}
	return f(p.pid)
}

// Reaped reports whether the process has ended and its exit status is known. Its output may still be passed on.
func (p *Process) Reaped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reaped
}

// Done is closed once the process has ended, was reaped, and its output was passed on.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode is the exit status of a process that is done; −signum when a signal ended it, or, on Windows, Terminate or Kill;
// UnknownExit when something else in this program took the status: the program ignores SIGCHLD, or waits for any child.
func (p *Process) ExitCode() int { return p.exitCode }

// UnknownExit is an exit code that no process can have.
const UnknownExit = 1 << 16

// Usage is what a process that is done has used.
func (p *Process) Usage() Usage { return p.usage }

// StderrTail is the end of what the process has written to its standard error so far.
func (p *Process) StderrTail() string { return p.tail.String() }

// FatalLine is the line with which the Go runtime announced a fatal error on standard error; empty if it did not. It is kept by
// itself because the dump after it may push it out of the tail, and the crash output of package debug has everything but this
// line.
func (p *Process) FatalLine() string { return p.fatal.String() }

// Terminate asks the process and what it started (its process group) to end: SIGTERM. On Windows, where that is not possible, it
// ends them. It returns nil if the process was reaped already.
func (p *Process) Terminate() error { return p.signal(terminate) }

// Interrupt sends what Ctrl-C sends: SIGINT. On Windows it is errors.ErrUnsupported.
func (p *Process) Interrupt() error { return p.signal(interrupt) }

// Kill ends the process and what it started (its process group) at once: SIGKILL.
func (p *Process) Kill() error { return p.signal(kill) }

func (p *Process) signal(what signalKind) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return nil
	}
	p.killed = p.killed || what == kill
	return p.signalTree(what)
}

// Killed reports whether Kill was called before the process was reaped. Then a SIGKILL that ended it may have been that one or
// another.
func (p *Process) Killed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.killed
}

// Usage is what a process has used over its life.
type Usage struct {
	User, System time.Duration
	// PeakRSS is in bytes. On Linux it is at least the peak of the parent at the time of the start.
	PeakRSS int64
}

type signalKind int

const (
	terminate signalKind = iota
	interrupt
	kill
)
