package spawn_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// A program whose file is replaced while it runs never starts the new file as its child. On Linux it starts the binary that it was
// started from; elsewhere Start's error says what happened.
//
// PY-BOOT-02
func TestReplacedWhileRunning(t *testing.T) {
	program, err := os.ReadFile(prog.Build(t, "./testdata/replaced"))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "mp-replaced")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "program.exe")
	if err := os.WriteFile(path, program, 0o700); err != nil {
		t.Fatal(err)
	}
	r := prog.Run(t, path, nil)
	if runtime.GOOS == "linux" {
		if r.Code != 0 || r.Stdout != "42\n" {
			t.Errorf("%+v", r)
		}
		return
	}
	if r.Code != 1 || r.Stdout != "true\n" || !strings.Contains(r.Stderr, "was replaced while it was running") {
		t.Errorf("%+v", r)
	}
}
