package popen

import "os"

// Memory is how many bytes of memory the process has now, on Windows its working set; os.ErrProcessDone once it was reaped.
func (p *Process) Memory() (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return 0, os.ErrProcessDone
	}
	return p.memory()
}

// SetNice sets the nice value of the process and of what it has started (its process group); on Windows it sets the nearest
// priority class of the process. It returns os.ErrProcessDone once the process was reaped.
func (p *Process) SetNice(nice int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return os.ErrProcessDone
	}
	return p.setNice(nice)
}
