//go:build unix

package popen

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/sys"
)

// Memory is how many bytes of memory the process has now; os.ErrProcessDone when it is over.
func (p *Process) Memory() (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return 0, os.ErrProcessDone
	}
	return sys.ProcessMemory(p.pid)
}

// SetNice sets the nice value of the process and of what it started (its process group).
func (p *Process) SetNice(nice int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return os.ErrProcessDone
	}
	return sys.SetNice(p.pid, nice)
}
