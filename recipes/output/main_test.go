package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/recipes/internal/program"
)

func TestOutput(t *testing.T) {
	dir := t.TempDir()
	r := program.RunIn(t, dir)
	lines := slices.Sorted(strings.Lines(r.Stdout)) // the two streams are two pipes
	if r.Stdout = strings.Join(lines, ""); r.Stderr != "" {
		t.Error(r.Stderr)
	}
	want := program.File(t, "output.txt")
	r.Wants(t, 0, want, "")
	filed, err := os.ReadFile(filepath.Join(dir, "talk.out"))
	if err != nil {
		t.Fatal(err)
	}
	lines = slices.Sorted(strings.Lines(string(filed)))
	if !slices.Equal(lines, []string{"a line\n", "a warning\n", "another line\n"}) {
		t.Errorf("%q", filed)
	}
}
