//go:build unix

package popen

import (
	"errors"
	"os"
	"syscall"
)

var signals = map[signalKind]syscall.Signal{
	terminate: syscall.SIGTERM,
	interrupt: syscall.SIGINT,
	kill:      syscall.SIGKILL,
}

// start starts the process in a process group of its own.
func start(cfg *Config, files []*os.File) (*os.Process, handle, error) {
	var pidfd int
	attr := &os.ProcAttr{Dir: cfg.Dir, Env: cfg.Env, Files: files, Sys: sysProcAttr(&pidfd)}
	process, err := startProcess(cfg.Path, cfg.Args, attr)
	if err != nil {
		return nil, handle{}, err
	}
	return process, newHandle(pidfd), nil
}

// reap collects the exit status. Where the handle has told that the process ended, this does not block, and the lock
// keeps signals away from a pid that is about to be free; elsewhere os.Process guards the pid, and only a signal to
// the group could, in theory, come late.
func (p *Process) reap() *os.ProcessState {
	if p.handle.exact() {
		p.mu.Lock()
		defer p.mu.Unlock()
		defer p.handle.close()
	}
	state, _ := p.os.Wait()
	if !p.handle.exact() {
		p.mu.Lock()
		defer p.mu.Unlock()
	}
	p.reaped = true
	return state
}

// signalTree signals the process group that the process leads, and the process itself if it may have left it.
func signalTree(process *os.Process, what signalKind) error {
	sig := signals[what]
	group := syscall.Kill(-process.Pid, sig)
	if pgid, err := syscall.Getpgid(process.Pid); group == nil && err == nil && pgid == process.Pid {
		return nil
	}
	if err := process.Signal(sig); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

func exitCode(state *os.ProcessState) int {
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
