//go:build unix

package main

import (
	"regexp"
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

var stopped = regexp.MustCompile(`^program: terminated signal received: the next run begins at item \d+\n$`)

// A batch that was stopped says where, and does not report success.
func TestBatch(t *testing.T) {
	p := program.Start(t)
	p.Says(t, "working")
	p.Signal(syscall.SIGTERM)
	if r := p.End(t); r.Code != 1 || r.Stdout != "" || !stopped.MatchString(r.Stderr) {
		t.Errorf("it has ended with %+v", r)
	}
}
