package main

import (
	"regexp"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

// The numbers are of one run. What ps shows beside them is from a session.
func TestRunning(t *testing.T) {
	numbers := regexp.MustCompile(`\d[\dµnms.]*`)
	steady := func(s string) string { return numbers.ReplaceAllString(s, "…") }
	r := program.Run(t)
	r.Stdout = steady(r.Stdout)
	r.Wants(t, 0, steady(program.File(t, "output.txt")), "")
}
