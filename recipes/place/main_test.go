package main

import (
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestPlace(t *testing.T) {
	for _, where := range []string{"twice", "goroutine"} {
		want := program.File(t, where+".txt")
		program.Run(t, where).Readable().Wants(t, 2, "", want)
	}
}
