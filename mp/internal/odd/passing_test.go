//go:build linux

package odd_test

import (
	"math/rand/v2"
	"os"
	"regexp"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/leak"
	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// passed is what testdata/passing prints: each has what it can have, the end of a pipe that was on its way is nobody's any more
// or in use, and no descriptor is left anywhere.
var passed = map[string]*regexp.Regexp{
	"nobody":      regexp.MustCompile(`^user got both\nmaker was taken\n$`),
	"the maker":   regexp.MustCompile(`^user got (nothing|no item|both)\nmaker (killed|was taken)\n$`),
	"the user":    regexp.MustCompile(`^user (killed|got both)\nmaker (is there|was taken)\n$`),
	"the program": regexp.MustCompile(``),
}

// An end of a pipe and a handle of a queue are on their way from the process that has made them, through another one, to the
// one that uses them, when one of the three is killed: before and after each of its system calls. So it happens when they
// are sent and not received, received and not opened, and while they are being opened.
//
// In short some of the stops, others each time; MP_TORTURE tries all.
func TestKillInPassing(t *testing.T) {
	leak.Check(t)
	t.Setenv("CGO_ENABLED", "0")
	program := prog.Build(t, "./testdata/passing")
	for _, transport := range []string{"shm", "socket"} {
		t.Run(transport, func(t *testing.T) {
			for _, c := range []struct {
				name   string
				victim int // the first process is one by which package os tries out pidfds, the second one ends before
			}{{"the maker", 3}, {"the user", 4}, {"the program", 0}} {
				t.Run(c.name, func(t *testing.T) {
					env := "MP_TRANSPORT=" + transport
					whole := &tracer{victim: c.victim}
					if out := whole.run(t, program, env); !passed["nobody"].MatchString(out) || whole.stops < 100 {
						t.Fatalf("unharmed, its victim makes %d stops, and it prints %s", whole.stops, out)
					}
					first, step := whole.stops/2, whole.stops/20
					if os.Getenv("MP_TORTURE") != "" {
						first, step = 1, 1
					}
					seen := make(map[string]int)
					for at, past := first+rand.IntN(step), 0; past < 3; at += step { // one life is a little longer than the next
						r := &tracer{victim: c.victim, at: at}
						out := r.run(t, program, env)
						if r.stops < at {
							past++
						}
						seen[out]++
						if r.hung.Load() || !passed[c.name].MatchString(out) {
							t.Errorf("killed at stop %d of %d: %s", at, r.stops, out)
						}
					}
					t.Logf("%d stops, every %d from %d: %v", whole.stops, step, first, seen)
				})
			}
		})
	}
}
