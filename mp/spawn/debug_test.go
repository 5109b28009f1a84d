package spawn_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// With MP_DEBUG=1, the parent and the child print each step of the start, by the names that a debugger shows in Python.
func TestDebugPrintsTheBootstrap(t *testing.T) {
	r := prog.Run(t, prog.Build(t, "./testdata/debug"), []string{"MP_DEBUG=1"})
	var child, answer int
	if _, err := fmt.Sscan(r.Stdout, &child, &answer); err != nil || answer != 42 {
		t.Fatalf("%+v", r)
	}
	steps := map[bool][]string{} // true: the child's; false: the parent's
	for line := range strings.Lines(r.Stderr) {
		m := regexp.MustCompile(`^mp\[(\d+)\] (.*)\n$`).FindStringSubmatch(line)
		if m == nil {
			t.Errorf("%q is no step", line)
			continue
		}
		steps[m[1] == fmt.Sprint(child)] = append(steps[m[1] == fmt.Sprint(child)], m[2])
	}
	for isChild, want := range map[bool][]string{
		false: {
			"Main: no parent has started this process; it runs the program",
			fmt.Sprintf("Popen: doubler is pid %d", child),
			fmt.Sprintf("doubler (pid %d) has ended: exit code 0", child),
			"exit: code 0",
		},
		true: {
			"spawn_main: a parent has started this process; inheriting = true",
			"prepare: name doubler, role process, parent MainProcess (pid N), 1 registered function as in the parent",
			"bootstrap: inheriting = false; ready",
			"run: double",
			"exit: code 0",
		},
	} {
		for i, s := range steps[isChild] {
			steps[isChild][i] = regexp.MustCompile(`MainProcess \(pid \d+\)`).ReplaceAllString(s, "MainProcess (pid N)")
		}
		if !slices.Equal(steps[isChild], want) {
			t.Errorf("child: %v: got\n%s\nwant\n%s", isChild, strings.Join(steps[isChild], "\n"), strings.Join(want, "\n"))
		}
	}
	if r := prog.Run(t, prog.Build(t, "./testdata/debug"), []string{"MP_DEBUG=0"}); r.Stderr != "" {
		t.Errorf("MP_DEBUG=0: %q", r.Stderr)
	}
}
