//go:build linux

package odd_test

import (
	"strings"
	"testing"

	"github.com/go-multiprocessing/multiprocessing/mp/internal/prog"
)

// PY-BOOT-02: a program starts children under go run, which deletes the program when it has ended.
func TestGoRun(t *testing.T) {
	need(t, "go")
	expect(t, run(t, "start map", nil, "go", "run", "-ldflags=-X=main.version=old", "./testdata/place"), started+mapped)
}

// Statements that children execute count as covered. The package has no others.
func TestCover(t *testing.T) {
	need(t, "go")
	r := run(t, "", nil, "go", "test", "-count=1", "-cover", "./testdata/flavours")
	if r.Code != 0 || !strings.Contains(r.Stdout, "coverage: 100.0% of statements") {
		t.Errorf("%+v", r)
	}
}

// Children can be started under go test -exec, which runs the test binary, but not its children, through another program.
func TestExec(t *testing.T) {
	need(t, "go", "nice")
	r := run(t, "", nil, "go", "test", "-count=1", "-v", "-exec", "nice", "./testdata/flavours")
	if r.Code != 0 || !strings.Contains(r.Stdout, "--- PASS: TestPool") {
		t.Errorf("%+v", r)
	}
}

// The workers of a fuzzer, which are processes of the test binary too, can start children.
func TestFuzzTarget(t *testing.T) {
	r := run(t, "", nil, prog.Build(t, "./testdata/flavours", "-test"), "-test.run=^$", "-test.fuzz=FuzzStart",
		"-test.fuzztime=10x", "-test.fuzzcachedir="+t.TempDir())
	if r.Code != 0 || !strings.Contains(r.Stdout, "PASS") {
		t.Errorf("%+v", r)
	}
}
