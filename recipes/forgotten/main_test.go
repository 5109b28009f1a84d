package main

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestForgotten(t *testing.T) {
	program.Run(t).Readable().Wants(t, 0, "", program.File(t, "output.txt"))
}
