//go:build linux

package odd_test

import (
	"os"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// Start takes hardly longer than the start of the program itself, even if that has 60 MB and init functions that take 150 ms.
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
