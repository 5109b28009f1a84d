package main

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestUrfave(t *testing.T) {
	program.Run(t, "square", "--n", "12").Wants(t, 0, "144\n", "")
	program.Run(t, "square", "--n", "-1").Wants(t, 3, "", "n is negative\n")
}
