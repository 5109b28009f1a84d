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

// passed matches what testdata/passing prints when this process was killed: the maker and the user each have what they can have, the
// end of the pipe that was on its way is closed or in use, and no process has descriptors left.
var passed = map[string]*regexp.Regexp{
	"nobody":      regexp.MustCompile(`^user got both\nmaker was taken\n$`),
	"the maker":   regexp.MustCompile(`^user got (nothing|no item|both)\nmaker (killed|was taken)\n$`),
	"the user":    regexp.MustCompile(`^user (killed|got both)\nmaker (is there|was taken)\n$`),
	"the program": regexp.MustCompile(``),
}

// An end of a pipe and a handle of a queue travel from the process that makes them, through the program, to the process that uses
// them. One of the three may be killed before or after any of its system calls: when the things are sent and not received,
// received and not opened, or while they are being opened. The others go on or end, and no descriptor is left.
//
// A run tries some of the stops, random ones; MP_TORTURE tries all.
func TestKillInPassing(t *testing.T) {
	leak.Check(t)
	t.Setenv("CGO_ENABLED", "0")
	program := prog.Build(t, "./testdata/passing")
	for _, transport := range []string{"shm", "socket"} {
		t.Run(transport, func(t *testing.T) {
			for _, c := range []struct {
				name   string
				victim int // number 1 is the process with which package os tries out pidfds, number 2 ends before
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
					for at, past := first+rand.IntN(step), 0; past < 3; at += step { // the number of stops varies a little
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
