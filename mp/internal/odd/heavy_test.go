//go:build linux

package odd_test

import (
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// A program of 60 MB whose init functions take 150 ms: a child costs what the program itself costs, and no more.
func TestHeavyProgram(t *testing.T) {
	program := prog.Build(t, "./testdata/heavy")
	if info, err := os.Stat(program); err != nil || info.Size() < 60<<20 {
		t.Fatal(info, err)
	}
	r := run(t, "", nil, program)
	if r.Code != 0 {
		t.Errorf("%+v", r)
	}
	t.Log(r.Stdout)
}
