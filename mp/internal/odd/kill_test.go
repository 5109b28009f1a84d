//go:build linux

package odd_test

import (
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// lived matches what testdata/session prints, whether or not its worker was killed: it got no pool; or each item is right or
// blamed for the worker's end, and Close returns nil. outcome allows one blamed item.
var lived = regexp.MustCompile(`^(not born\n|((right|blamed)\n){6}close <nil>\n)$`)

// When a worker is killed before or after any system call of its life, from its fork to its exit, the session ends all the
// same, with the right results for all items but one at most, and no process is left. That holds for the first worker of a
// pool and for one that replaces another. When the program itself is killed in the same way, its workers end with it.
//
// A run tries some of the stops, random ones; MP_TORTURE tries all.
func TestKillAtEverySystemCall(t *testing.T) {
	leak.Check(t)
	t.Setenv("CGO_ENABLED", "0")
	program := prog.Build(t, "./testdata/session")
	for _, c := range []struct {
		name   string
		victim int // number 1 is the process with which package os tries out pidfds
		env    string
	}{
		{"the worker", 2, "MP_TEST_TASKS=0"},
		{"a worker between others", 3, "MP_TEST_TASKS=2"},
		{"the program", 0, "MP_TEST_TASKS=0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			whole := &tracer{victim: c.victim}
			if out := whole.run(t, program, c.env); !lived.MatchString(out) || strings.Contains(out, "b") || whole.stops < 100 {
				t.Fatalf("unharmed, its victim makes %d stops, and it prints %s", whole.stops, out)
			}
			step, seen := whole.stops/12, make(map[string]int)
			if os.Getenv("MP_TORTURE") != "" {
				step = 1
			}
			for at, past := 1+rand.IntN(step), 0; past < 3; at += step { // the number of stops varies a little
				r := &tracer{victim: c.victim, at: at}
				what := r.outcome(r.run(t, program, c.env))
				if r.stops < at {
					past++
				}
				seen[what]++
				if strings.HasPrefix(what, "wrong") {
					t.Errorf("killed at stop %d of %d: %s", at, r.stops, what)
				}
			}
			t.Logf("%d stops, every %d: %v", whole.stops, step, seen)
		})
	}
}

// outcome names the outcome of a run that printed out.
func (r *tracer) outcome(out string) string {
	killed := r.ended.Signaled() && r.ended.Signal() == 9
	switch {
	case r.hung.Load():
		return "wrong: it hangs, or something is left: " + out
	case r.victim == 0 && r.stops >= r.at && killed:
		return "killed"
	case r.ended.ExitStatus() != 0 || !lived.MatchString(out) || strings.Count(out, "blamed") > 1:
		return "wrong: " + out
	case strings.Contains(out, "not born"):
		return "not born"
	case strings.Contains(out, "blamed"):
		return "one blamed"
	}
	return "all right"
}
