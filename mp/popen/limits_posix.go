//go:build unix

package popen

import "github.com/go-multiprocessing/multiprocessing/mp/internal/sys"

func (p *Process) memory() (int64, error) { return sys.ProcessMemory(p.pid) }
func (p *Process) setNice(nice int) error { return sys.SetNice(p.pid, nice) }
