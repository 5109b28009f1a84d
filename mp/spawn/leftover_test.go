package spawn_test

import (
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// PY-TRACK-04, PY-POOL-16: TestMain fails tests that leave processes behind, names the processes and ends them.
func TestLeftOver(t *testing.T) {
	program := prog.Build(t, "./testdata/leftover")
	for left, lines := range map[string]int{"": 0, "process": 2, "pool": 3} {
		r := prog.Run(t, program, []string{"MP_TEST_LEFT=" + left})
		if r.Code != min(lines, 1) || strings.Count(r.Stderr, "\n") != lines || lines > 0 && !strings.Contains(r.Stderr, "are left over from the tests") {
			t.Errorf("%q: %+v", left, r)
		}
		if pids := prog.Running(program); len(pids) > 0 {
			t.Errorf("%q: %v still run", left, pids)
		}
	}
}
