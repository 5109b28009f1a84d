package main

import (
	"fmt"
	"strings"
)

// share is how many batches a worker has prepared.
type share struct{ pid, epoch, total int }

// hire notes a worker of the first hour.
func (f *poolFeed) hire(pid int) *share {
	w := &share{pid: pid}
	f.workers = append(f.workers, w)
	return w
}

// worker returns the share of the worker with this pid. One that we have not
// met before replaces a dead one.
func (f *poolFeed) worker(pid int) *share {
	for _, w := range f.workers {
		if w.pid == pid {
			return w
		}
	}
	fmt.Printf("  ! worker %d takes the place of a dead one\n", pid)
	return f.hire(pid)
}

// epochShares tells who prepared the epoch: "41 + 38 + 1 rescued".
func (f *poolFeed) epochShares() string {
	var parts []string
	for _, w := range f.workers {
		if w.epoch > 0 {
			parts = append(parts, fmt.Sprint(w.epoch))
		}
	}
	if f.rescued > 0 {
		parts = append(parts, fmt.Sprintf("%d rescued", f.rescued))
	}
	return strings.Join(parts, " + ")
}

// totalShares tells who prepared how much of everything.
func (f *poolFeed) totalShares() string {
	var parts []string
	for _, w := range f.workers {
		parts = append(parts, fmt.Sprintf("%d by %d", w.total, w.pid))
	}
	return strings.Join(parts, ", ")
}
