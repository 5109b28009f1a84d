package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
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

// A reader ends at a file that it cannot read. When no reader is left to make room in the queue of paths, the program ends, too.
func TestUnreadable(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a path may be too long for the system only where that has one limit")
	}
	root := t.TempDir()
	for i := range 100 {
		if err := os.WriteFile(filepath.Join(root, fmt.Sprint("read after it ", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// The path of the first file is too long for anybody, even root, to open it. The path of its directory is not too long.
	long := strings.Repeat("0", 200)
	dir := root
	for os.Mkdir(filepath.Join(dir, long), 0o700) == nil {
		dir = filepath.Join(dir, long)
	}
	within, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer within.Close()
	if err := within.WriteFile(long, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stderr := program.Fail(t, "-dir", root, "-readers", "1")
	if !regexp.MustCompile(`(?m): mp: queue\.read failed in reader-1 .* file name too long$`).MatchString(stderr) {
		t.Error(strings.ReplaceAll(stderr, long+"/", ""))
	}
}

func TestOwnSource(t *testing.T) {
	if out := program.Run(t); !regexp.MustCompile(`\d files in .*\n  \.go +[1-9]\d* lines`).MatchString(out) {
		t.Error(out)
	}
}
