package main

import (
	"reflect"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

// What init asks for is refused in the program and in its child, and harms neither.
func TestEarly(t *testing.T) {
	t.Setenv("MP_DEBUG", "1")
	r := program.Run(t).Readable()
	got, want := program.Chains(r.Stderr), program.Chains(program.File(t, "debug.txt"))
	if r.Code != 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("exit code %d, and\n%v", r.Code, got)
	}
}
