package main

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestFirst(t *testing.T) {
	program.Run(t).Wants(t, 0, "49\n[1 4 9]\n", "")
}
