//go:build unix

package popen

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

var signals = [...]syscall.Signal{
	terminate: syscall.SIGTERM,
	interrupt: syscall.SIGINT,
	kill:      syscall.SIGKILL,
}

// start starts the process in a process group of its own.
func start(cfg *Config, ends []*sys.ChildEnd) (pid int, h handle, err error) {
	files := make([]*os.File, len(ends))
	for i, e := range ends {
		files[i] = e.File
	}
	pidfd := -1
	attr := &os.ProcAttr{Dir: cfg.Dir, Env: cfg.Env, Files: files, Sys: sysProcAttr(&pidfd)}
	process, err := startProcess(cfg.Path, cfg.Args, attr)
	if err != nil {
		return 0, handle{}, err
	}
	return process.Pid, newHandle(process, pidfd), nil
}

// reap collects the exit status. If the handle has told that the process ended, this does not block, and p.mu keeps signals
// away from a pid that is about to be free. Otherwise os.Process guards the pid, and only a signal to the group could, in
// theory, come late.
//
// A tracer of the process, such as a debugger or strace, learns of its end first. Until then there is no status to collect.
func (p *Process) reap(ended bool) (exitCode int, u Usage) {
	if ended {
		p.mu.Lock()
	}
	state, err := p.handle.process.Wait()
	for errors.Is(err, syscall.EAGAIN) {
		if ended {
			p.mu.Unlock()
		}
		time.Sleep(time.Millisecond)
		if ended {
			p.mu.Lock()
		}
		state, err = p.handle.process.Wait()
	}
	if !ended {
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	defer p.handle.close()
	p.reaped = true
	if err != nil {
		return UnknownExit, Usage{}
	}
	return code(state), usage(state)
}

// signalTree signals the process group that the process leads, and the process itself if it may have left it.
func (p *Process) signalTree(what signalKind) error {
	sig := signals[what]
	group := syscall.Kill(-p.pid, sig)
	if pgid, err := syscall.Getpgid(p.pid); group == nil && err == nil && pgid == p.pid {
		return nil
	}
	if err := p.handle.process.Signal(sig); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

func code(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return -int(status.Signal())
	}
	return state.ExitCode()
}

func usage(state *os.ProcessState) Usage {
	u := Usage{User: state.UserTime(), System: state.SystemTime()}
	if r, ok := state.SysUsage().(*syscall.Rusage); ok {
		u.PeakRSS = int64(r.Maxrss) * maxrssUnit
	}
	return u
}
