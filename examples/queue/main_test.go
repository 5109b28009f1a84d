package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/examples/internal/program"
	"github.com/go-multiprocessing/multiprocessing/mp"
)

func TestMain(m *testing.M) { mp.TestMain(m) }

func TestOutput(t *testing.T) {
	root := program.TempDir(t)
	for i := range 100 {
		name := filepath.Join(root, fmt.Sprintf("%02d.%s", i, []string{"go", "md"}[i%2]))
		if err := os.WriteFile(name, []byte(strings.Repeat("x\n", i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := program.Run(t, "-dir", root)
	for _, want := range []string{
		`: 100 files in .*, by [1-3] readers\n`,
		`(?m)^  \.go        2450 lines     4900 bytes\n  \.md        2500 lines     5000 bytes$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the output does not match %s", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestOwnSource(t *testing.T) {
	if out := program.Run(t); !regexp.MustCompile(`\d files in .*\n  \.go +[1-9]\d* lines`).MatchString(out) {
		t.Error(out)
	}
}
