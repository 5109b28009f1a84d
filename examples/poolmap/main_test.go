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
	for i := range 50 {
		name := filepath.Join(root, fmt.Sprintf("%02d", i))
		if err := os.WriteFile(name, []byte(strings.Repeat("x", i*1000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := program.Run(t, root)
	for _, want := range []string{
		`: 51 paths; [1-9]\d* workers, ready in `,
		`(?m)^not read \(missing: true, forbidden: false\): mp: poolmap\.digest \(item 50\) failed in PoolWorker-\d+ \(pid \d+\): .*deleted after the walk: `,
		`(?m)^processes   50 files, 1\.2 MB, .*, \d+ MB/s$`,
		`(?m)^goroutines  50 files, 1\.2 MB, .*, \d+ MB/s$`,
		`(?m)^  e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  .*00\n  [0-9a-f]{64}  .*01\n  [0-9a-f]{64}  .*02\n  [0-9a-f]{64}  .*03$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the output does not match %s", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestForbidden(t *testing.T) {
	name := filepath.Join(program.TempDir(t), "secret")
	if err := os.WriteFile(name, nil, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(name); err == nil {
		t.Skip("this user may read every file: root may, and on Windows the mode of a file forbids nobody to read it")
	}
	if out := program.Run(t, filepath.Dir(name)); !strings.Contains(out, "not read (missing: false, forbidden: true)") {
		t.Error(out)
	}
}
