//go:build unix

package main

import (
	"syscall"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestStop(t *testing.T) {
	p := program.Start(t)
	p.Says(t, "working")
	p.Signal(syscall.SIGTERM)
	p.End(t).Wants(t, 0, program.File(t, "output.txt"), "")
}
