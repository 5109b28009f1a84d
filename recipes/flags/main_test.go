package main

import (
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestFlags(t *testing.T) {
	command, want, _ := strings.Cut(program.File(t, "output.txt"), "\n")
	program.Run(t, strings.Fields(command)[2:]...).Wants(t, 0, want, "")
}
