package main

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestTasks(t *testing.T) { program.Outputs(t) }
