package popen

import (
	"errors"
	"syscall"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Exit codes that we give to a process that we end. Python maps the first one to −SIGTERM too.
const (
	terminated = 0x10000
	killed     = 0x10009
)

// handle is the process and the job that holds it and what it starts.
type handle struct {
	process *sys.ProcessHandle
	job     *sys.Job
}

// start starts the process in a job of its own.
func start(cfg *Config, files []*sys.ChildEnd) (pid int, h handle, err error) {
	job, err := sys.NewJob()
	if err != nil {
		return 0, handle{}, err
	}
	pid, process, err := job.Start(cfg.Path, cfg.Args, cfg.Env, cfg.Dir, files)
	if err != nil {
		job.Close()
		return 0, handle{}, err
	}
	return pid, handle{process, job}, nil
}

func (h handle) awaitExit() (ended bool) {
	h.process.AwaitExit()
	return true
}

// reap asks for the exit status; the process id is free once its handle is closed.
func (p *Process) reap(bool) (int, Usage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	defer p.handle.process.Close()
	defer p.handle.job.Close()
	var u Usage
	u.User, u.System, u.PeakRSS = p.handle.process.Usage()
	switch code := p.handle.process.ExitCode(); code {
	case terminated:
		return -int(syscall.SIGTERM), u
	case killed:
		return -int(syscall.SIGKILL), u
	default:
		return int(code), u
	}
}

// signalTree ends the job. Windows has no signal that a process could handle; the caller can only ask it over its link.
func (p *Process) signalTree(what signalKind) error {
	switch what {
	case terminate:
		return p.handle.job.Terminate(terminated)
	case kill:
		return p.handle.job.Terminate(killed)
	default:
		return errors.ErrUnsupported
	}
}
