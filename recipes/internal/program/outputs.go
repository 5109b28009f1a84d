package program

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	changing = regexp.MustCompile(`\bPoolWorker-\d+|\bpid \d+|\bmp\[\d+\]|\d+(\.\d+)?(ns|µs|ms|s)\b|\d+ MiB`)
	number   = regexp.MustCompile(`\d+(\.\d+)?`)
)

// Steady leaves out what differs from run to run: which worker it was, pids, times, amounts of memory.
func Steady(text string) string {
	return changing.ReplaceAllStringFunc(text, func(s string) string { return number.ReplaceAllString(s, "…") })
}

// Outputs runs the program once for each NAME.txt of the test's directory, with NAME as its argument, and compares what it prints,
// but for what differs from run to run. With UPDATE=1 in the environment the files are written instead.
func Outputs(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no outputs: ", err)
	}
	for _, file := range files {
		r := Run(t, strings.TrimSuffix(file, ".txt"))
		if r.Code != 0 {
			t.Errorf("%s: exit code %d\n%s%s", file, r.Code, r.Stdout, r.Stderr)
			continue
		}
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(file, []byte(r.Stdout), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if want := File(t, file); Steady(r.Stdout) != Steady(want) {
			t.Errorf("%s: it printed\n%sand not\n%s%s", file, r.Stdout, want, r.Stderr)
		}
	}
}
