package popen

import "os"

// Memory is how many bytes of memory the process has now, on Windows its working set; os.ErrProcessDone when it is over.
func (p *Process) Memory() (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return 0, os.ErrProcessDone
	}
	return p.memory()
}

// SetNice sets the nice value of the process and of what it has started (its process group); on Windows the priority class of
// the process that is nearest to it. It is os.ErrProcessDone when the process is over.
func (p *Process) SetNice(nice int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return os.ErrProcessDone
	}
	return p.setNice(nice)
}
