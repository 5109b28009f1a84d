package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

// kernel is what the caller is told where there is a cgroup and the kernel is faster than the parent.
var kernel = regexp.MustCompile(`was killed by the kernel for want of memory \(.* its limit is 256 MiB\)`)

// What README.md and the home page say of each death is what was printed.
func TestDeaths(t *testing.T) {
	r := program.Run(t)
	r.Stdout = kernel.ReplaceAllString(r.Stdout, "was killed because it used 257 MiB, more than its limit of 256 MiB")
	want := program.File(t, "output.txt")
	if r.Code != 0 || program.Steady(r.Stdout) != program.Steady(want) {
		t.Errorf("it printed\n%sand not\n%s%s", r.Stdout, want, r.Stderr)
	}
	for _, page := range []string{"../../README.md", "../../docs/index.md"} {
		table := program.Steady(program.File(t, page))
		for line := range strings.Lines(want) {
			if text, ok := strings.CutPrefix(line, "    "); ok && !strings.Contains(table, "`"+program.Steady(strings.TrimSuffix(text, "\n"))+"`") {
				t.Errorf("%s does not have %s", page, text)
			}
		}
	}
}
