package main

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestActor(t *testing.T) {
	program.Run(t).Wants(t, 0, program.File(t, "output.txt"), "")
}
