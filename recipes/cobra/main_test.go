package main

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestCobra(t *testing.T) {
	program.Run(t, "square", "--n", "12").Wants(t, 0, "144\n", "")
	program.Run(t, "cube").Wants(t, 1, "", "program: unknown command \"cube\" for \"calc\"\n")
}
