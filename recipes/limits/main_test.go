package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

// The first line of the output is ours, the second one the kernel's, where there is a cgroup. The third is what the kernel does
// when the machine is out of memory; tests of package
// spawn see it.
func TestLimits(t *testing.T) {
	want := strings.SplitAfter(program.Steady(program.File(t, "output.txt")), "\n")
	r := program.Run(t)
	if r.Code != 0 || !slices.Contains(want[:2], program.Steady(r.Stdout)) {
		t.Errorf("%+v", r)
	}
}
