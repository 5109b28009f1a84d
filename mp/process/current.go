package process

import (
	"os"

	"github.com/go-multiprocessing/multiprocessing/mp/spawn"
)

// Info describes a process.
type Info struct {
	Name   string // MainProcess for the first process of a program
	Pid    int
	Daemon bool
}

// Current describes this process, as Python's current_process does.
func Current() Info { return Info{Name: spawn.Name(), Pid: os.Getpid(), Daemon: spawn.Daemon()} }

// ParentInfo describes the process that spawned this one.
type ParentInfo struct {
	Name string
	Pid  int

	gone <-chan struct{}
}

// Parent describes the process that spawned this one, as Python's parent_process does; nil in a process that was not
// spawned.
func Parent() *ParentInfo {
	pid, name, gone, ok := spawn.Parent()
	if !ok {
		return nil
	}
	return &ParentInfo{Name: name, Pid: pid, gone: gone}
}

// Done is closed when the parent is gone. Little can be done then: this process ends at once.
func (p *ParentInfo) Done() <-chan struct{} { return p.gone }

// Alive reports whether the parent still lives.
func (p *ParentInfo) Alive() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// Children are the living children of this process, workers of pools among them, as Python's active_children lists
// them.
func Children() []*spawn.Child { return spawn.Children() }
