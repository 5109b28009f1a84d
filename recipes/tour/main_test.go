package main

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestTour(t *testing.T) {
	program.Run(t).Wants(t, 0, "[1 4 9] <nil>\n", "")
}
