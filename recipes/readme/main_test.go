package main

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestReadme(t *testing.T) {
	program.Run(t).Wants(t, 0, "49\n", "")
}
