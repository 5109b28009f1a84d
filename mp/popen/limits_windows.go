package popen

import "os"

// Memory is how many bytes of memory the process has now, its working set; os.ErrProcessDone when it is over.
func (p *Process) Memory() (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return 0, os.ErrProcessDone
	}
	return p.handle.process.Memory()
}

// SetNice sets the priority class of the process that is nearest to the nice value.
func (p *Process) SetNice(nice int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return os.ErrProcessDone
	}
	return p.handle.process.SetNice(nice)
}
