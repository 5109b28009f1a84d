package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

// The report of the child is on standard error, as ever, and its caller is told. The detector needs a C compiler.
func TestRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "race")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-race", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build -race: %v\n%s", err, out)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
	if want := program.File(t, "output.txt"); program.Steady(stdout.String()) != program.Steady(want) {
		t.Errorf("it printed\n%sand not\n%s", &stdout, want)
	}
	if !bytes.Contains(stderr.Bytes(), []byte("WARNING: DATA RACE")) {
		t.Errorf("%s", &stderr)
	}
}
