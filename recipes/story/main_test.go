package main

import (
	"reflect"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

// The processes start, run and end as the page tells.
func TestStory(t *testing.T) {
	t.Setenv("MP_DEBUG", "1")
	r := program.Run(t)
	if want := program.File(t, "output.txt"); r.Code != 0 || program.WithoutPids(r.Stdout) != program.WithoutPids(want) {
		t.Errorf("exit code %d, and\n%s", r.Code, r.Stdout)
	}
	if got, want := program.Chains(r.Stderr), program.Chains(program.File(t, "debug.txt")); !reflect.DeepEqual(got, want) {
		t.Errorf("the processes say\n%v", got)
	}
}
