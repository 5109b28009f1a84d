package popen

import (
	"errors"
	"fmt"
	"os"
)

// start refuses: inherited handle lists, overlapped pipes and job objects are not here yet.
func start(*Config, []*os.File) (*os.Process, handle, error) {
	return nil, handle{}, fmt.Errorf("starting processes on Windows: %w", errors.ErrUnsupported)
}

type handle struct{}

func (handle) awaitExit() {}

func (p *Process) reap() *os.ProcessState {
	state, _ := p.os.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	return state
}

func signalTree(process *os.Process, _ signalKind) error { return process.Kill() }

func exitCode(state *os.ProcessState) int { return state.ExitCode() }

func usage(state *os.ProcessState) Usage {
	return Usage{User: state.UserTime(), System: state.SystemTime()}
}
