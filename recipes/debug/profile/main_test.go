package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

// The profile is the child's: what it spends its time with is what the page shows.
func TestProfile(t *testing.T) {
	dir := t.TempDir()
	program.RunIn(t, dir).Wants(t, 0, "18bd64d3 <nil>\n", "")
	files, err := filepath.Glob(filepath.Join(dir, "cpu-Process-1-*.pprof"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "tool", "pprof", "-top", files[0]).Output()
	if err != nil || !strings.Contains(string(out), " main.hash") || !strings.Contains(program.File(t, "output.txt"), " main.hash") {
		t.Errorf("%v\n%s", err, out)
	}
}
