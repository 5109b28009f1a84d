package main

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestDaemon(t *testing.T) {
	want := program.File(t, "output.txt")
	program.Run(t).Wants(t, 0, want, "")
}
