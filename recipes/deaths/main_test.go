package main

import (
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

// What README.md and the home page say of each death is what was printed.
func TestDeaths(t *testing.T) {
	r := program.Run(t)
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
